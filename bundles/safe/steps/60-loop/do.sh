#!/usr/bin/env bash
# Attaches the disk image to a free loop device and sets the link to it.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

attach || exit 1
echo "$IMAGE is on $(attached_device)"
