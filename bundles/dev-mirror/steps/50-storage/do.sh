#!/usr/bin/env bash
# Makes a sparse file with an ext4 filesystem that belongs to the sandbox's user, then gives it its name.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
set -e
mkdir -p "$STORAGE"
make_image "$GEN_STORAGE_BYTES" "$IMAGE.new"
# Whichever file gets the name, undo knows this one.
write_durably "$GEN_PRIOR/made" inode_of "$IMAGE.new"
put_new "$IMAGE.new" "$IMAGE"
echo "$(human "$(file_bytes "$IMAGE")") large, $(human "$(allocated_bytes "$IMAGE")") on the disk"
