#!/usr/bin/env bash
# Mounts the disk image where the copy of the project lies.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

if disk_is_mounted; then
    echo "something is mounted on $DISK by now, which stays"
    exit 1
fi
mkdir -p "$DISK" && mount_disk
