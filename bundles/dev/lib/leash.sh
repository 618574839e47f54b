# A command in the sandbox that its caller ends, or whose time is up: what it began ends with it. Sourced by connect.sh.
# shellcheck shell=bash

# shellcheck source=templates/lib/lock.sh
. "$BUNDLE/lib/lock.sh"

# What a signal, or the end of its time, leaves of a command has so long to end by itself, in seconds, before it is killed.
LEASH_GRACE=5 LEASH_LIMIT=20

# In the sandbox, as its user: signals all that bears the mark of this command in its environment, and looks until none is left.
# Whoever takes the mark off stays until the sandbox is stopped; in a copy, what it writes is told as of no command.
# shellcheck disable=SC2016 # the sandbox's shell expands it
LEASH='marked() {
    for process in /proc/[0-9]*; do
        tr "\0" "\n" <"$process/environ" | grep -qx "GEN_COMMAND=$1" && echo "${process#/proc/}"
    done 2>/dev/null
}
left=$2 signal=TERM
while processes=$(marked "$1"); [ -n "$processes" ]; do
    [ "$left" -gt 0 ] || signal=KILL
    [ "$left" -gt -5 ] || exit 1
    kill -s "$signal" $processes 2>/dev/null
    left=$((left - 1))
    sleep 1
done'

# leash_end: ends what this command has begun. A machine does so by itself when its client is gone. Where that could not be done (a sandbox
# that is paused), whoever asks for its end reads it in the command's folder.
leash_end() {
    [ "$BACKEND" != microvm ] || return 0
    heard with_limit "$LEASH_LIMIT" "$ENGINE" exec --user "$GEN_UID" "$(sandbox_id)" sh -c "$LEASH" leash "$AUDIT_ID" "$LEASH_GRACE" \
        </dev/null >/dev/null 2>&1 && return
    [ ! -d "${COMMAND:-}" ] || : >"$COMMAND/left"
    warn "error: what the command began may still run in the sandbox" "  mend: scripts/stop.sh, or look with: scripts/connect.sh -- ps -ef"
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
