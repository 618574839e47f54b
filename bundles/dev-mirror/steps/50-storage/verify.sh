#!/usr/bin/env bash
# Holds when the disk image is there and has a filesystem.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

! no_disk_needed || exit "$HOLDS"
if [ -f "$IMAGE" ] && is_ext4 "$IMAGE"; then exit "$HOLDS"; fi
needed_without_machine
