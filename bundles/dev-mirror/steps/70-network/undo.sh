#!/usr/bin/env bash
# Removes our network, by our mark: it may have taken another name.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

for name in $(docker network ls --quiet --filter "label=gen.instance=$INSTANCE"); do
    docker network rm "$name" || exit 1
done
forget_name network
