#!/usr/bin/env bash
# Gives everything that was moved aside its name back; a container that ran, runs.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
left=0

give_back_container() { # ID STATE NAME ASIDE
    local line
    line=$(container_line "$4") || return 1
    # Already given back, or its owner removed it meanwhile: both leave nothing to do.
    if [ -n "$line" ]; then docker rename "$1" "$3" || return 1; fi
    line=$(container_line "$3") || return 1
    has_word 1 "$line" "$1" || return 0
    if [ "$2" = running ] && has_word 2 "$line" exited; then docker start "$1"; fi
}

give_back_image() { # ID NAME ASIDE
    local line
    line=$(image_line "$3") || return 1
    [ -n "$line" ] || return 0
    docker tag "$1" "$2" && docker rmi --no-prune "$3"
}

if [ -e "$STATE/aside/moved" ]; then
    while read -r kind id state name aside; do
        case $kind in
        container) give_back_container "$id" "$state" "$name" "$aside" || left=1 ;;
        image) give_back_image "$id" "$name" "$aside" || left=1 ;;
        esac
    done <"$STATE/aside/moved" || exit 1
fi
[ "$left" -eq 0 ] || exit 1
rm -rf "${STATE:?}/aside" && forget_name client
