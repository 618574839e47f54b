#!/usr/bin/env bash
# Removes the image: the one that this run built, or on a whole rollback every one that this bundle ever built.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

end_build || exit 1
if [ "${GEN_UNDO:-run}" = all ]; then
    images=$(docker images --format '{{.Repository}}:{{.Tag}}' --filter "label=gen.instance=$INSTANCE") || exit 1
else
    line=$(image_line "$GEN_IMAGE_REF") || exit 1
    images=''
    ! ours "$line" 2 || images=$GEN_IMAGE_REF
fi
# A client that was killed may have asked for one more container, which the engine makes a moment later.
remove() {
    local tries=0
    until end_tools && docker rmi "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 5 ] || return 1
        sleep 1
    done
}

for image in $images; do
    # A name that a person gave it is that person's.
    case ${image#localhost/} in gen-*:*) remove "$image" || exit 1 ;; esac
done
rm -rf "${STATE:?}/build"
