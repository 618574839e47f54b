#!/usr/bin/env bash
# Holds when the disk image is mounted, and nothing else in its place.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"

! no_disk_needed || exit "$HOLDS"
if [ -n "${GEN_UNDO:-}" ]; then disk_is_mounted && exit "$HOLDS"; exit "$HOLDS_NOT"; fi
disk_is_mounted || needed_without_machine
disk_shows_image && exit "$HOLDS"
! undone_first || exit "$HOLDS_NOT"
problem "something else than the disk image is mounted where the copy belongs" "findmnt $(quoted "$DISK")   (then: sudo umount $(quoted "$DISK"))" owner
exit "$UNKNOWN"
