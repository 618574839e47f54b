#!/usr/bin/env bash
# Mounts the disk image where the copy of the project lies.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

mkdir -p "$DISK" && mount_disk
