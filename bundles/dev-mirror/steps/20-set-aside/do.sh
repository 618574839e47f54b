#!/usr/bin/env bash
# Writes down what stands under our names, then renames what is not ours. A renamed container keeps running.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
set -eo pipefail
[ ! -e "$STATE/aside/inventory" ] || touch "$GEN_PRIOR/again"
mkdir -p "$STATE/aside"
touch "$STATE/aside/moved"

# For the reader, not for undo: volumes and networks of these names are never touched.
inventory() {
    clock
    echo "# what stood under the names of this bundle at $NOW"
    docker ps --all --no-trunc --filter "name=$GEN_CONTAINER" --format 'container {{.ID}} {{.Names}} {{.State}} {{.Image}}'
    docker volume ls --filter "name=$GEN_VOLUME" --format 'volume {{.Name}} {{.Driver}} {{.Mountpoint}}'
    docker network ls --no-trunc --filter "name=$GEN_NETWORK" --format 'network {{.ID}} {{.Name}} {{.Driver}}'
    docker images --no-trunc --format 'image {{.ID}} {{.Repository}}:{{.Tag}}' "${GEN_IMAGE_REF%:*}"
}

# What was made by one client in one engine is not seen by another: from now on it is these.
remember_name client "$ENGINE"
made=$(engine_identity)
[ -n "${made%%|*}" ]
place=$(engine_place)
remember_name engine "${made%%|*}"$'\n'"$place"
# What stands there and is not ours is written down first: undo works from that alone.
lines=$(foreign_objects)
{ [ -z "$lines" ] || printf '%s\n' "$lines"; } | write_durably "$GEN_PRIOR/moved"
write_durably "$STATE/aside/inventory" inventory
write_durably "$STATE/aside/moved" cat "$STATE/aside/moved" "$GEN_PRIOR/moved"
while read -r kind id _ name aside; do
    case $kind in
    container)
        echo "container $name is not ours: it is now called $aside until rollback"
        docker rename "$id" "$aside"
        ;;
    image)
        echo "image $name is not ours: it is kept as $aside until rollback"
        docker tag "$id" "$aside"
        docker rmi --no-prune "$name"
        ;;
    esac
done <<<"$lines"
