#!/usr/bin/env bash
# Makes the volume, under a free name: a volume of somebody else's is never touched.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"
set -e

name=$(free_name volume "$GEN_VOLUME")
[ "$name" = "$GEN_VOLUME" ] || echo "a volume named $GEN_VOLUME is not ours, so ours is named $name"
remember_name volume "$name"
line=$(volume_line "$name")
# Ours, but of another copy: it holds no data of its own.
! ours "$line" 2 || docker volume rm "$name"
tree_options
docker volume create --driver local --label "gen.instance=$INSTANCE" --label "gen.name=$GEN_NAME" "${OPTIONS[@]}" "$name"
