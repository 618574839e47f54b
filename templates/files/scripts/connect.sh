#!/usr/bin/env bash
# Opens a shell in the sandbox, or runs one command there, as the sandbox's user.
#
# usage: scripts/connect.sh [--timeout TIME] [--detach] [-- COMMAND [ARG...]]
#
#   --timeout TIME   end the command when TIME (30s, 5m, 2h) is over
#   --detach         print a number and return; the command goes on, without input, and what it prints is kept in a log.
#                    scripts/ps.sh lists such commands, scripts/logs.sh N shows the log, scripts/kill.sh N ends one
#
# A signal that ends this script, and a TIME that is over, end the command and what it has begun: it is asked to, and killed
# five seconds later. A detached command ends with the sandbox.
#
# What the sandbox is told to do is written to .state/audit.jsonl, its words included, before it begins and when it has
# ended; a command that cannot be written down there is refused. `gen log --audit` shows it.
#
# The exit code is the command's own; 127 when there is no such program in the sandbox; 124 when its time was over; 128 and the
# signal's number when a signal ended this script; 4 when the sandbox does not run, or the command was refused; 0 when it
# was detached. The last line, on standard error, tells which: result=ok, failed or refused.
trap 'last_line $? >&2' EXIT
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/audit.sh
. "$BUNDLE/lib/audit.sh"
# shellcheck source=templates/lib/enter.sh
. "$BUNDLE/lib/enter.sh"
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"
end_on_signals

limit='' how=attached
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage "$0" && exit "$EX_DONE" ;;
    --timeout)
        seconds_of "${2:-}" || fail "$EX_USAGE" "not a time: ${2:-}" "it is a whole number with s, m or h" "scripts/connect.sh --timeout 5m -- COMMAND"
        limit=$NUMBER
        shift 2
        ;;
    --detach) how=detach && shift ;;
    # What --detach starts: its own number is what it says to 3.
    --detached) how=detached && trap - EXIT && shift ;;
    --) shift && break ;;
    *) fail "$EX_USAGE" "unknown argument: $1" "a command stands behind --" "scripts/connect.sh -- COMMAND" ;;
    esac
done
if [ "$how" != attached ] && [ $# -eq 0 ]; then fail "$EX_USAGE" "say which command" "it stands behind --" "scripts/connect.sh --detach -- COMMAND"; fi
[ "$how" != detach ] || start_detached ${limit:+--timeout "${limit}s"} -- "$@"

need_sandbox "$EX_REFUSED"
# What is told from a copy would stand in the copy's audit log, where nobody looks for it.
home_check sandbox
line=$(sandbox_line)
if ! ours "$line" 3 || ! has_word 2 "$line" running; then
    fail "$EX_REFUSED" "the sandbox $GEN_NAME does not run" "" "scripts/start.sh"
fi

thaw_first
[ $# -gt 0 ] || set -- bash -l
looking=''
if [ "$GEN_PROJECT_METHOD" != none ]; then
    # shellcheck source=templates/lib/project.sh
    . "$BUNDLE/lib/project.sh"
    let_go
    look_below &
    looking=$!
fi
audit_begin "$@" || fail "$EX_REFUSED" "what the sandbox is told to do cannot be written down, so it is not done" "$AUDIT" \
    "ls -l $(quoted "$AUDIT"); df -h $(quoted "$STATE")"
[ -z "$looking" ] || wait "$looking"
[ "$GEN_PROJECT_METHOD" = none ] || track_begin "$@" || fail "$EX_REFUSED" "what the command changes could not be written down, so it is not begun" "$PROJECT" \
    "df -h $(quoted "$STATE")"
RUN=$AUDIT_ID child='' ended_by='' clock='' late='' writer=''

# The engine's client takes a signal for a good end, so what ended it is ours to say; and it passes none on. A machine's passes
# them on and waits; once it is gone, the machine ends what is left.
# shellcheck disable=SC2317,SC2329 # the traps call it
on_signal() {
    ended_by=${ended_by:-$1}
    [ -n "$child" ] || return 0
    kill -TERM "$child" 2>/dev/null
    [ -n "$late" ] || { (sleep "$LEASH_GRACE" && kill -KILL "$child") >/dev/null 2>&1 </dev/null & late=$!; }
}
trap 'on_signal 1' HUP
trap 'on_signal 2' INT
trap 'on_signal 3' QUIT
trap 'on_signal 15' TERM
trap 'on_signal time' USR1
trap 'on_signal sandbox' USR2

if ! command_new || { [ "$how" = detached ] && ! keep_output; } || ! command_begins "$how" "$@"; then
    fail "$EX_REFUSED" "that the command runs cannot be written down, so it is not begun" "$COMMANDS" "df -h $(quoted "$STATE")"
fi
[ "$how" = attached ] || go_on_alone
if [ -t 0 ] && [ -t 1 ]; then sandbox_client tty; else sandbox_client; fi
entering "$1"
# In our own process group, which is the terminal's.
(exec "${CLIENT[@]}" "${WORDS[@]}" "$@") <&0 &
child=$!
process_name "$child" >"$COMMAND/client" 2>/dev/null
# One that came before there was anything to end.
[ -z "$ended_by" ] || on_signal "$ended_by"
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
kill "$watch" ${clock:+"$clock"} ${late:+"$late"} 2>/dev/null
case $ended_by in
'') why=itself ;;
time) why=time code=124 && leash_end && warn "gen: the time of the command was over after $limit s" ;;
sandbox) why=sandbox code=143 && leash_end ;;
*) why=signal code=$((128 + ended_by)) && leash_end ;;
esac
audit_end "$code"
[ "$GEN_PROJECT_METHOD" = none ] || track "$code" "$@"
[ "$how" = attached ] || output_is_kept
if [ "$code" -ne 0 ] && [ "$how$why" = detacheditself ]; then
    # An engine says a moment later that it has ended.
    sleep 1
    sandbox_runs || why=sandbox
fi
command_ends "$COMMAND" "$code" "$why" "$((SECONDS - AUDIT_SINCE))"
if [ "$code" -eq 0 ]; then RESULT=ok; else RESULT=failed; fi
exit "$code"
