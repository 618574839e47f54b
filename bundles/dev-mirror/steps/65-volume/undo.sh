#!/usr/bin/env bash
# Removes our volume, by our mark: it may have taken another name. The data are in the disk image and stay.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

for name in $(docker volume ls --quiet --filter "label=gen.instance=$INSTANCE"); do
    docker volume rm "$name" || exit 1
done
forget_name volume
