#!/usr/bin/env bash
# Removes the image: the one that this run built, or on a whole rollback every one that this bundle ever built. A name that a person
# gave it is that person's, and so is an image that a person gave our name.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

end_build || exit 1

# A client that was killed may have asked for one more container, which the engine makes a moment later, as long as there is the image.
remove() { # NAME-OR-ID
    local tries=0
    until docker rmi --no-prune "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 5 ] && end_tools || return 1
        sleep 1
    done
}

remove_image() { # TOKEN ID NAME
    local found id=$2 name
    for name in "$3" "gen-build:$1"; do
        found=$(image_line "$name") || return 1
        word 1 "$found"
        [ -n "$WORD" ] || continue
        # An id that never became known is that of what has the build's own tag.
        [ "$id" != - ] || [ "$name" = "$3" ] || id=${WORD#sha256:}
        if [ "${WORD#sha256:}" = "$id" ]; then remove "$name" || return 1; fi
    done
    [ "$id" != - ] || return 0
    # Without a name it stays only when somebody took its name for another one.
    found=$(docker images --no-trunc --format '{{.ID}} {{.Repository}}') || return 1
    ! grep -qxF -e "sha256:$id <none>" -e "$id <none>" <<<"$found" || remove "$id"
}

lines=$(owned_lines) || exit 1
while read -r kind token id name; do
    [ "$kind" = image ] || continue
    [ "${GEN_UNDO:-run}" = all ] || [ "$name" = "$GEN_IMAGE_REF" ] || continue
    remove_image "$token" "$id" "$name" || {
        users=$(docker ps --all --filter "ancestor=$id" --format '  {{.Names}} ({{.Status}})')
        [ -z "$users" ] || printf '%s\n' "the image $name stays, since containers that are not ours use it:" "$users"
        exit 1
    }
    disown image "$token" || exit 1
done <<<"$lines"
rm -rf "${STATE:?}/build"
