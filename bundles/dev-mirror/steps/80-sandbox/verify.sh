#!/usr/bin/env bash
# Holds when the container that this bundle describes runs and is healthy.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"

line=$(container_line "$GEN_CONTAINER") || unknown "the engine does not list its containers"
is_current "$line" && [ "$(word 2 "$line")" = running ] && [ "$(health)" = healthy ] || exit "$HOLDS_NOT"
