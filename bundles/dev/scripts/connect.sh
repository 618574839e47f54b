#!/usr/bin/env bash
# Opens a shell in the sandbox, or runs one command there, as the sandbox's user.
#
# usage: scripts/connect.sh [-- COMMAND [ARG...]]
#
# The exit code is the command's own; 4 when the sandbox does not run.
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

case ${1:-} in
-h | --help) usage "$0" && exit "$EX_DONE" ;;
--) shift ;;
'') ;;
*) fail "$EX_USAGE" "unknown argument: $1" "a command stands behind --" "$0 -- $*" ;;
esac

line=$(container_line "$GEN_CONTAINER") || fail "$EX_REFUSED" "the engine does not answer" "" "sudo systemctl start docker"
ours "$line" 3 && [ "$(word 2 "$line")" = running ] ||
    fail "$EX_REFUSED" "the sandbox $GEN_NAME does not run" "" "scripts/start.sh"

[ $# -gt 0 ] || set -- bash -l
terminal=(--interactive)
[ ! -t 0 ] || [ ! -t 1 ] || terminal+=(--tty)
exec docker exec "${terminal[@]}" "$GEN_CONTAINER" "$@"
