#!/usr/bin/env bash
# Back to before: the container is removed, or the one from before has its name and its state again.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

let_go
if [ "${GEN_DELETE_DATA:-}" != yes ]; then
    if [ "$BACKEND" = microvm ] && machine_is_elsewhere && [ -n "$OPEN" ]; then rescue_machine || exit 1; fi
    if ! keep_worked; then warn "$WHAT: $WHY" && exit 1; fi
fi

# left_machine: whether there is a machine to undo although the choice of it is undone by now: after an undo of this that failed.
left_machine() {
    if [ "${GEN_UNDO:-run}" = all ]; then [ -d "$MACHINE" ]; else grep -qs '^machine ' "$GEN_PRIOR/was"; fi
}

if [ "$BACKEND" = microvm ] || left_machine; then
    # shellcheck source=templates/lib/machine.sh
    . "$BUNDLE/lib/machine.sh"
    undo_machine || exit 1
    if [ "$BACKEND" = microvm ] || [ "${GEN_UNDO:-run}" = run ]; then exit 0; fi
fi
if [ "${GEN_UNDO:-run}" = all ]; then
    # Whatever it is called by now: the profile's name may have changed since.
    end_tools || exit 1
    ids=$(our_containers) || exit 1
    left=''
    for id in $ids; do
        docker rm --force --volumes "$id" && disown container "$id" || left=yes
    done
    [ -z "$left" ] || exit 1
    # What of it there still is, nobody knows any more but the record.
    all=$(docker ps --all --no-trunc --quiet) || exit 1
    ! recorded_among container <<<"$all" || exit 1
    disown container all
    exit
fi

# The fingerprint from before this run says what was there, in what state: an engine that dies can change that before this step
# has looked.
found=$(awk -v name="$GEN_CONTAINER" -v mine="owner=$INSTANCE" '
    $1 == "container" && $3 == name && $NF == mine { print $2, $4 }' "${GEN_PRIOR%/*}/fingerprint") || exit 1
read -r id state <<<"$found"
if [ -z "$id" ]; then
    settle "$GEN_CONTAINER" && disown container -
    exit
fi
line=$(container_line "$GEN_CONTAINER") || exit 1
if ! has_word 1 "$line" "$id"; then
    settle "$GEN_CONTAINER" && disown container - || exit 1
    docker rename "$id" "$GEN_CONTAINER" || exit 1
fi
case $state in
running) docker start "$id" ;;
paused) docker start "$id" && docker pause "$id" ;;
*) docker stop --time 10 "$id" ;;
esac
