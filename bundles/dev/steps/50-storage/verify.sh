#!/usr/bin/env bash
# Holds when the disk image is there, and all of its filesystem with it.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

! no_disk_needed || exit "$HOLDS"
if [ -f "$IMAGE" ] && is_whole "$IMAGE"; then exit "$HOLDS"; fi
needed_without_machine
