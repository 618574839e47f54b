#!/usr/bin/env bash
# Opens a shell in the sandbox, or runs one command there, as the sandbox's user.
#
# usage: scripts/connect.sh [-- COMMAND [ARG...]]
#
# What the sandbox is told to do is written to .state/audit.jsonl, its words included, before it begins and when it has
# ended; a command that cannot be written down there is refused. `gen log --audit` shows it.
#
# The exit code is the command's own; 128 and the signal's number when a signal ended this script; 4 when the sandbox does
# not run, or the command was refused. The last line, on standard error, tells which: result=ok, failed or refused.
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=templates/lib/home.sh
. "$BUNDLE/lib/home.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/audit.sh
. "$BUNDLE/lib/audit.sh"
trap 'last_line $? >&2' EXIT
end_on_signals

case ${1:-} in
-h | --help) usage "$0" && exit "$EX_DONE" ;;
--) shift ;;
'') ;;
*) fail "$EX_USAGE" "unknown argument: $1" "a command stands behind --" "$0 -- $*" ;;
esac

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
if [ -t 0 ] && [ -t 1 ]; then sandbox_client tty; else sandbox_client; fi
audit_begin "$@" || fail "$EX_REFUSED" "what the sandbox is told to do cannot be written down, so it is not done" "$AUDIT" \
    "ls -l $(quoted "$AUDIT"); df -h $(quoted "$STATE")"
RUN=$AUDIT_ID child='' ended_by=''

# The engine's client takes a signal for a good end, so what ended it is ours to say. The command in the sandbox is not
# reached by a signal: the engine has no way to pass one on.
# shellcheck disable=SC2317,SC2329 # the traps call it
on_signal() {
    ended_by=$1
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap 'on_signal 1' HUP
trap 'on_signal 2' INT
trap 'on_signal 3' QUIT
trap 'on_signal 15' TERM
# In our own process group, which is the terminal's.
(exec "${CLIENT[@]}" "$@") <&0 &
child=$!
trap '' PIPE
end_with_sandbox "$child" </dev/null &
watch=$!
code=0
# Without bash's own word about a client that had to be killed.
{
    wait "$child" || code=$?
    # A signal ends the wait, not the client.
    while kill -0 "$child"; do wait "$child"; done
} 2>/dev/null
kill "$watch" 2>/dev/null
[ -z "$ended_by" ] || code=$((128 + ended_by))
audit_end "$code"
[ "$GEN_PROJECT_METHOD" = none ] || track "$code" "$@"
if [ "$code" -eq 0 ]; then RESULT=ok; else RESULT=failed; fi
exit "$code"
