#!/usr/bin/env bash
# Pulls, loads or makes the base image.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"
# shellcheck source=templates/lib/mirror.sh
. "$BUNDLE/lib/mirror.sh"
set -eo pipefail

tags() { docker images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | grep -v '<none>' | sort; }

# An archive may bring names of its own, over names that somebody else uses: those are put back as they were.
load_archive() {
    local before file name id
    file=$(archive_path)
    if ! tar -tf "$file" 2>/dev/null | grep -qx -e manifest.json -e ./manifest.json; then
        docker import --change 'CMD ["/bin/sh"]' "$file" "$GEN_BASE_REF"
        return
    fi
    before=$(tags)
    id=$(docker load --quiet --input "$file" | sed -n 's/^Loaded image\( ID\)\{0,1\}: //p' | head -n 1)
    [ -n "$id" ] || { echo "the archive holds no image"; return 1; }
    docker tag "$id" "$GEN_BASE_REF"
    tags | while read -r name id; do
        [ "$name" != "$GEN_BASE_REF" ] || continue
        old=$(printf '%s\n' "$before" | awk -v n="$name" '$1 == n { print $2 }')
        if [ -z "$old" ]; then docker rmi --no-prune "$name"; elif [ "$old" != "$id" ]; then docker tag "$old" "$name"; fi
    done
}

# What we bring is written down first: only that is ever taken away again, whatever the profile names later.
grep -qxF "$GEN_BASE_REF" "$STATE/base-images" 2>/dev/null ||
    { [ ! -e "$STATE/base-images" ] || cat "$STATE/base-images"; echo "$GEN_BASE_REF"; } | write_durably "$STATE/base-images"
case $GEN_IMAGE_SOURCE in
registry) docker pull "$GEN_BASE_REF" ;;
archive) load_archive ;;
mirror) make_from_mirror ;;
esac
