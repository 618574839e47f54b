#!/usr/bin/env bash
# Removes our volume. The data are in the disk image and stay.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

remove_recorded volume
