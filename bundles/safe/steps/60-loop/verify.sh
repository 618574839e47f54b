#!/usr/bin/env bash
# Holds when the link points to the loop device that holds the disk image.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

! no_disk_needed || exit "$HOLDS"
is_attached || needed_without_machine
