#!/usr/bin/env bash
# Opens a shell in the sandbox, or runs one command there, as the sandbox's user.
#
# usage: scripts/connect.sh [--timeout TIME] [-- COMMAND [ARG...]]
#
# A signal that ends this script, and a TIME (30s, 5m, 2h) that is over, end the command and what it has begun: it is asked
# to, and killed five seconds later.
#
# What the sandbox is told to do is written to .state/audit.jsonl, its words included, before it begins and when it has
# ended; a command that cannot be written down there is refused. `gen log --audit` shows it.
#
# The exit code is the command's own; 124 when its time was over; 128 and the signal's number when a signal ended this
# script; 4 when the sandbox does not run, or the command was refused. The last line, on standard error, tells which: result=ok, failed or refused.
trap 'last_line $? >&2' EXIT
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=templates/lib/home.sh
. "$BUNDLE/lib/home.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/audit.sh
. "$BUNDLE/lib/audit.sh"
# shellcheck source=templates/lib/leash.sh
. "$BUNDLE/lib/leash.sh"
end_on_signals

limit=''
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage "$0" && exit "$EX_DONE" ;;
    --timeout)
        seconds_of "${2:-}" || fail "$EX_USAGE" "not a time: ${2:-}" "it is a whole number with s, m or h" "$0 --timeout 5m -- COMMAND"
        limit=$NUMBER
        shift 2
        ;;
    --) shift && break ;;
    *) fail "$EX_USAGE" "unknown argument: $1" "a command stands behind --" "$0 -- $*" ;;
    esac
done

need_sandbox "$EX_REFUSED"
# What is told from a copy would stand in the copy's audit log, where nobody looks for it.
home_check sandbox
line=$(sandbox_line)
if ! ours "$line" 3 || ! has_word 2 "$line" running; then
    fail "$EX_REFUSED" "the sandbox $GEN_NAME does not run" "" "scripts/start.sh"
fi

[ $# -gt 0 ] || set -- bash -l
if [ "$GEN_PROJECT_METHOD" != none ]; then
    # shellcheck source=templates/lib/project.sh
    . "$BUNDLE/lib/project.sh"
    let_go
fi
audit_begin "$@" || fail "$EX_REFUSED" "what the sandbox is told to do cannot be written down, so it is not done" "$AUDIT" \
    "ls -l $(quoted "$AUDIT"); df -h $(quoted "$STATE")"
[ "$GEN_PROJECT_METHOD" = none ] || track_begin "$@" || fail "$EX_REFUSED" "what the command changes could not be written down, so it is not begun" "$PROJECT" \
    "df -h $(quoted "$STATE")"
if [ -t 0 ] && [ -t 1 ]; then sandbox_client tty; else sandbox_client; fi
RUN=$AUDIT_ID child='' ended_by='' clock=''

# The engine's client takes a signal for a good end, so what ended it is ours to say; and it passes none on.
# shellcheck disable=SC2317,SC2329 # the traps call it
on_signal() {
    ended_by=$1
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap 'on_signal 1' HUP
trap 'on_signal 2' INT
trap 'on_signal 3' QUIT
trap 'on_signal 15' TERM
trap 'on_signal time' USR1
# In our own process group, which is the terminal's.
(exec "${CLIENT[@]}" "$@") <&0 &
child=$!
trap '' PIPE
end_with_sandbox "$child" </dev/null &
watch=$!
if [ -n "$limit" ]; then
    end_in_time "$limit" </dev/null >/dev/null &
    clock=$!
fi
code=0
# Without bash's own word about a client that had to be killed.
{
    wait "$child" || code=$?
    # A signal ends the wait, not the client.
    while kill -0 "$child"; do wait "$child"; done
} 2>/dev/null
kill "$watch" ${clock:+"$clock"} 2>/dev/null
if [ -n "$ended_by" ]; then
    leash_end
    if [ "$ended_by" = time ]; then code=124 && warn "gen: the time of the command was over after $limit s"; else code=$((128 + ended_by)); fi
fi
audit_end "$code"
[ "$GEN_PROJECT_METHOD" = none ] || track "$code" "$@"
if [ "$code" -eq 0 ]; then RESULT=ok; else RESULT=failed; fi
exit "$code"
