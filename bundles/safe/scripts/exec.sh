#!/usr/bin/env bash
# Runs one command in the sandbox, and writes down what it changed in the copy of the project as one commit.
#
# usage: scripts/exec.sh [--timeout TIME] [--detach] -- COMMAND [ARG...]
#
# The same as scripts/connect.sh with these words: its --help says what they mean. The history is outside the sandbox: scripts/changes.sh shows it.
#
# The exit code is the command's own; 124 when its time was over; 128 and the signal's number when a signal ended this
# script; 4 when the sandbox does not run, or the command was refused.
trap 'last_line $? >&2' EXIT
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"

case ${1:-} in -h | --help) usage "$0" && exit "$EX_DONE" ;; esac

# has_command WORD...: whether a command stands behind the options.
has_command() {
    while [ $# -gt 0 ]; do
        case $1 in --timeout) shift ;; --detach) ;; *) break ;; esac
        shift
    done
    [ "${1:-}" = -- ] && [ $# -gt 1 ]
}

has_command "$@" || fail "$EX_USAGE" "say which command" "it stands behind --" "scripts/exec.sh -- id"
exec "$BUNDLE/scripts/connect.sh" "$@"
