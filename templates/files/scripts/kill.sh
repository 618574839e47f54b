#!/usr/bin/env bash
# Ends a command in the sandbox, with all that it has begun: it is asked to, and killed five seconds later.
#
# usage: scripts/kill.sh N
#
# N is the number that scripts/ps.sh shows. One that has ended already is left as it is.
#
# Exit codes: 0 it has ended; 1 it has not; 2 wrong arguments, or no such command; 4 the engine does not answer.
trap 'last_line $? >&2' EXIT
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"
end_on_signals

case ${1:-} in -h | --help) usage "$0" && exit "$EX_DONE" ;; esac
known_command "${1:-}"
need_sandbox "$EX_REFUSED"
home_check sandbox
thaw_first
end_command "$COMMAND_NUMBER" TERM ||
    fail "$EX_FAILED" "the command $COMMAND_NUMBER, or what it began, may still run" "the sandbox is paused, or does not answer" "scripts/stop.sh"
[ -z "${ASKED_INSIDE:-}" ] || warn "gen: that nothing of it is left is what a program in the sandbox says; scripts/stop.sh is the sure end"
