#!/usr/bin/env bash
# The AI assistant is installed and answers
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

path=$(inside which "$GEN_AGENT_COMMAND") || { echo "which $GEN_AGENT_COMMAND: not found"; exit "$HOLDS_NOT"; }
version=$(inside timeout 45 "$GEN_AGENT_COMMAND" --version 2>&1) || { echo "$path --version failed: $version"; exit "$HOLDS_NOT"; }
case $version in
*"$GEN_AGENT_VERSION"*) ;;
*) echo "expected version $GEN_AGENT_VERSION, found: $version"; exit "$HOLDS_NOT" ;;
esac
