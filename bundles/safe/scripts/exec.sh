#!/usr/bin/env bash
# Runs one command in the sandbox, and writes down what it changed in the copy of the project as one commit.
#
# usage: scripts/exec.sh [--timeout TIME] -- COMMAND [ARG...]
#
# The same as scripts/connect.sh [--timeout TIME] -- COMMAND. The history is outside the sandbox: scripts/changes.sh shows it.
#
# The exit code is the command's own; 124 when its time was over; 128 and the signal's number when a signal ended this
# script; 4 when the sandbox does not run, or the command was refused.
trap 'last_line $? >&2' EXIT
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"

case ${1:-} in -h | --help) usage "$0" && exit "$EX_DONE" ;; esac
words=("$@")
[ "${1:-}" != --timeout ] || words=("${@:3}")
[ "${words[0]:-}" = -- ] && [ "${#words[@]}" -gt 1 ] || fail "$EX_USAGE" "say which command" "it stands behind --" "scripts/exec.sh -- id"
exec "$BUNDLE/scripts/connect.sh" "$@"
