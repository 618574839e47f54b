#!/usr/bin/env bash
# Holds when our volume exists and names our link to the loop device.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

! foreseeing || foresee_name volume "$GEN_VOLUME"
line=$(volume_line "$VOLUME") || unknown "the engine does not list its volumes"
ours "$line" 2 || exit "$HOLDS_NOT"
has_word 3 "$line" "$DEVICE" || exit "$HOLDS_NOT"
