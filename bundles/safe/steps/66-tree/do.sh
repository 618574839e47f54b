#!/usr/bin/env bash
# Makes the volume that puts the copy together.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

tree_options && make_volume "${OPTIONS[@]}"
