#!/usr/bin/env bash
# Makes the volume on the link to the loop device. The data are in the disk image.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

make_volume --opt type=ext4 --opt "device=$DEVICE" --opt o=nosuid,nodev
