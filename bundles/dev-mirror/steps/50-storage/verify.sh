#!/usr/bin/env bash
# Holds when the disk image is there, and all of its filesystem with it. One that is damaged is somebody's work, and so is one that a
# loop device has alone: nothing is made in its place. Nor is anything changed while the sandbox works on another one.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"

! no_disk_needed || exit "$HOLDS"
if [ -z "${GEN_UNDO:-}" ] && ! undone_first && { elsewhere || shown_still; }; then
    problem "$WHAT: $WHY" "$MEND" owner
    exit "$UNKNOWN"
fi
image_stands || needed_without_machine
if [ -z "${GEN_UNDO:-}" ] && ! undone_first && is_whole "$IMAGE" && other_size; then would "$WHAT: $MEND"; fi
if [ -n "${GEN_UNDO:-}" ] || is_whole "$IMAGE"; then exit "$HOLDS"; fi
! undone_first || exit "$HOLDS_NOT"
damaged_problem
exit "$UNKNOWN"
