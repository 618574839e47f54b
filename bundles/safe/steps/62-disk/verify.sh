#!/usr/bin/env bash
# Holds when the disk image is mounted, and nothing else in its place.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

! no_disk_needed || exit "$HOLDS"
if [ -n "${GEN_UNDO:-}" ]; then disk_is_mounted && exit "$HOLDS"; exit "$HOLDS_NOT"; fi
disk_shows_image || needed_without_machine
