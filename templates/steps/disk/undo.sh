#!/usr/bin/env bash
# Takes the mount away. What is on the disk image stays there.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

end_tools && unmount_disk || exit 1
[ ! -d "$DISK" ] || rmdir "$DISK"
