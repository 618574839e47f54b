#!/usr/bin/env bash
# Holds when our volume exists and shows the copy that is there.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

! no_disk_needed || exit "$HOLDS"
! foreseeing || foresee_name volume "$GEN_VOLUME"
line=$(volume_line "$VOLUME") || unknown "the engine does not list its volumes"
ours "$line" 2 || needed_without_machine
has_word 3 "$line" "$(tree_device "$(copied method)")" || needed_without_machine
