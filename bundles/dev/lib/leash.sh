# A command in the sandbox that its caller ends, or whose time is up: what it began ends with it. Sourced by connect.sh.
# shellcheck shell=bash

# shellcheck source=templates/lib/lock.sh
. "$BUNDLE/lib/lock.sh"

# What a signal, or the end of its time, leaves of a command has so long to end by itself, in seconds, before it is killed.
LEASH_GRACE=5 LEASH_LIMIT=20

# Signals all that bears the mark of this command in its environment, and looks until none is left. How processes are found, and made to
# wait meanwhile, stands before this. Whoever takes the mark off stays until the sandbox is stopped; in a copy, what it writes is told as of
# no command.
# shellcheck disable=SC2016 # that shell expands it
LEASH='left=$2 signal=TERM
while hold; processes=$(marked "$1"); [ -n "$processes" ]; do
    [ "$left" -gt 0 ] || signal=KILL
    [ "$left" -gt -5 ] || exit 1
    kill -s "$signal" $processes 2>/dev/null
    left=$((left - 1))
    let_go
    sleep 1
done'

# On the host, as root: nothing in the sandbox has a say in it. Frozen, none begins another one between two looks.
# shellcheck disable=SC2016 # that shell expands it
OUTSIDE='[ "$(cat "$freeze")" = "$warm" ] || exit 1
let_go() { echo "$warm" >"$freeze"; }
trap let_go EXIT
trap exit HUP INT TERM
hold() {
    echo "$cold" >"$freeze" || exit 2
    for try in 1 2 3 4 5 6 7 8 9 10; do
        case $(cat "$group/cgroup.events" 2>/dev/null || cat "$freeze") in *"frozen 1"* | FROZEN) return ;; esac
        sleep 0.02
    done
}
marked() {
    find "$group" -name cgroup.procs -exec cat {} + | while read -r process; do
        grep -qzxF "GEN_COMMAND=$1" "/proc/$process/environ" && echo "$process"
    done 2>/dev/null
}
'

# In the sandbox, as its user, where this host sees none of its processes.
# shellcheck disable=SC2016 # the sandbox's shell expands it
INSIDE='hold() { :; }
let_go() { :; }
marked() {
    for process in /proc/[0-9]*; do
        tr "\0" "\n" <"$process/environ" | grep -qx "GEN_COMMAND=$1" && echo "${process#/proc/}"
    done 2>/dev/null
}
'

# leash_end: ends what this command has begun. A machine does so by itself when its client is gone. Where that could not be done (a sandbox
# that is paused), whoever asks for its end reads it in the command's folder.
leash_end() {
    [ "$BACKEND" != microvm ] || return 0
    # shellcheck disable=SC2034 # kill.sh reads it
    if leash_outside || { [ $? -eq 2 ] && ASKED_INSIDE=yes && leash_inside; }; then return 0; fi
    [ ! -d "${COMMAND:-}" ] || : >"$COMMAND/left"
    warn "error: what the command began may still run in the sandbox"
    warn "  mend: scripts/stop.sh, or look with: scripts/connect.sh -- ps -ef"
}

# leash_outside: asked of this host. Gives back 2 where it does not see the sandbox's processes.
leash_outside() {
    # shellcheck source=templates/lib/storage.sh
    . "$BUNDLE/lib/storage.sh"
    # shellcheck disable=SC2034 # client.sh reads it
    local GROUP RUN_SECONDS=$LEASH_LIMIT
    find_group || return 2
    one_freezes end_marked || return 1
}

# end_marked: what bears the mark ends, by one look after the other at a sandbox that is frozen.
end_marked() {
    local code=0
    thaw_left && : >"$FROZEN" || return 1
    mount_tool sh -c "$FREEZE$OUTSIDE$LEASH" leash "$AUDIT_ID" "$LEASH_GRACE" "$GROUP" </dev/null >/dev/null 2>&1 || code=1
    rm -f "$FROZEN"
    return "$code"
}

leash_inside() {
    heard with_limit "$LEASH_LIMIT" "$ENGINE" exec --user "$GEN_UID" "$(sandbox_id)" sh -c "$INSIDE$LEASH" leash "$AUDIT_ID" "$LEASH_GRACE" \
        </dev/null >/dev/null 2>&1
}

# seconds_of TEXT: sets NUMBER from 30, 30s, 5m or 2h; fails for anything else.
seconds_of() {
    local unit=1
    case $1 in *s) ;; *m) unit=60 ;; *h) unit=3600 ;; esac
    whole "${1%[smh]}" 6 && [ "$NUMBER" -gt 0 ] && NUMBER=$((NUMBER * unit))
}

# end_in_time SECONDS: tells this script when they are over. If that is no more, its command ends all the same.
end_in_time() {
    sleep "$1" &
    # shellcheck disable=SC2064 # the number as it is now
    trap "kill $! 2>/dev/null; exit" TERM
    wait $! || return
    trap exit TERM
    signal_process USR1 "$SELF" || process_lives "$SELF" || leash_end
}
