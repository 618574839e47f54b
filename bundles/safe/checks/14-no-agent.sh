#!/usr/bin/env bash
# No AI assistant is installed, as the profile says
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

! inside test -e /opt/agent || { echo "the profile asks for no assistant, and /opt/agent is there"; exit "$HOLDS_NOT"; }
