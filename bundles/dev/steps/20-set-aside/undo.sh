#!/usr/bin/env bash
# Gives what was moved aside its name back: what this run moved, or on a whole rollback all of it. It is known by its id. Nothing is
# started: a rename stops nothing, so what does not run by now was stopped by somebody else.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
left=0

give_back_container() { # ID NAME ASIDE
    local found name
    found=$(docker ps --all --no-trunc --filter "id=$1" --format '{{.Names}}') || return 1
    for name in ${found//,/ }; do
        # Whatever else it is called by now, its owner called it so; and one that is gone was removed by its owner.
        [ "$name" != "$3" ] || docker rename "$1" "$2" || return 1
    done
}

give_back_image() { # ID NAME ASIDE
    local line
    line=$(image_line "$3") || return 1
    has_word 1 "$line" "$1" || return 0
    line=$(image_line "$2") || return 1
    if [ -n "$line" ] && ! has_word 1 "$line" "$1"; then
        echo "the name $2 belongs to another image by now; what had it before is $3"
        return 1
    fi
    docker tag "$1" "$2" && docker rmi --no-prune "$3"
}

# still_aside: of all that was moved, what this run has not moved.
still_aside() {
    grep -vxF -f "$moved" "$STATE/aside/moved"
    [ $? -le 1 ]
}

moved=$STATE/aside/moved
[ "${GEN_UNDO:-run}" = all ] || moved=$GEN_PRIOR/moved
if [ -e "$moved" ]; then
    while read -r kind id _ name aside; do
        case $kind in
        container) give_back_container "$id" "$name" "$aside" || left=1 ;;
        image) give_back_image "$id" "$name" "$aside" || left=1 ;;
        esac
    done <"$moved" || exit 1
fi
[ "$left" -eq 0 ] || exit 1
if [ "${GEN_UNDO:-run}" = run ] && [ -e "$GEN_PRIOR/again" ]; then
    # What earlier runs moved waits for the whole rollback.
    [ ! -e "$moved" ] || write_durably "$STATE/aside/moved" still_aside || exit 1
    rm -f "$STATE/aside/inventory"
    exit
fi
rm -rf "${STATE:?}/aside" || exit 1
# Whoever tries again has to know where.
lines=$(owned_lines) || exit 1
[ -z "$lines" ] || { echo "something that this bundle made is left, so in which engine stays written down" && exit 1; }
forget_name client && forget_name engine
