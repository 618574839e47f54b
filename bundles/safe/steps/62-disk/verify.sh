#!/usr/bin/env bash
# Holds when the disk image is mounted.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

! no_disk_needed || exit "$HOLDS"
disk_is_mounted || needed_without_machine
