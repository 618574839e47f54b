#!/usr/bin/env bash
# Removes our volume. The data are in the disk image and stay.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

line=$(volume_line "$VOLUME") || exit 1
! ours "$line" 2 || docker volume rm "$VOLUME" || exit 1
forget_name volume
