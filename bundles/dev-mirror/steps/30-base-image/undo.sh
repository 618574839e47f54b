#!/usr/bin/env bash
# Takes away the base image that this run brought, or on a whole rollback every one that this bundle ever brought. What only has the
# name is somebody else's.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/mirror.sh
. "$BUNDLE/lib/mirror.sh"
# shellcheck source=templates/lib/base.sh
. "$BUNDLE/lib/base.sh"

# drop_late TOKEN: after a load that was cut short the engine may give the name a moment later.
drop_late() {
    local tries=0
    while [ "$tries" -lt 6 ]; do
        drop_part "$1" base || return 1
        tries=$((tries + 1))
        sleep 0.5
    done
}
cut_short=''
[ ! -e "$WORKSHOP/manifest.json" ] || cut_short=yes
# An earlier version of gen wrote down their names only.
if [ -s "$STATE/base-images" ]; then
    while read -r name; do
        line=$(image_line "$name") && own base "$name" || exit 1
        word 1 "$line"
        [ -z "$WORD" ] || owned "$TOKEN" "$WORD" || exit 1
    done <"$STATE/base-images"
fi
unwrite "$STATE/base-images" || exit 1

# drop_base KIND TOKEN ID NAME: one of them.
drop_base() {
    local kind=$1 token=$2 id=$3 name=$4 line
    if [ "$id" = - ] && [ -n "$cut_short" ]; then drop_late "$token" || return 1; fi
    drop_nothing "$token" "$name" && drop_part "$token" "$kind" && line=$(image_line "$name") || return 1
    # A pull that was cut off may have come to its end before that was written down.
    [ "$id" != - ] || [ "${GEN_UNDO:-run}" = all ] || id=$(pulled_id "$name") || return 1
    word 1 "$line"
    if [ -n "$WORD" ] && [ "${WORD#sha256:}" = "${id#sha256:}" ]; then
        # Without --force: the engine itself refuses to take an image from a container that uses it.
        drop_name "$name" "$WORD" "$token" "$kind" || return 1
    else
        [ -z "$WORD" ] || echo "$name is another image by now, which stays"
        if [ "$kind" = base ] && [ "${id:--}" != - ] && ! was_there "$id"; then drop_nameless "${id#sha256:}" || return 1; fi
    fi
    disown "$kind" "$token"
}

lines=$(owned_lines) || exit 1
left=''
while read -r kind token id name; do
    case $kind in base | name) ;; *) continue ;; esac
    [ "${GEN_UNDO:-run}" = all ] || [ "$name" = "$GEN_BASE_REF" ] || continue
    drop_base "$kind" "$token" "$id" "$name" || left="$left $name"
done <<<"$lines"
[ -z "$left" ] || { echo "left:$left" && exit 1; }
clear_workshop
