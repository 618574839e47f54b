#!/usr/bin/env bash
# Brings the files of the copy back to what they were before the last command, or the last N. Nothing is lost: this is a
# commit as well, and undoing it brings them back.
#
# usage: scripts/undo.sh [N]
#
# What ran at the same time as one of them goes as well, and is named; what was applied stays. A container is stopped meanwhile
# and started again; a microVM goes on. While a command is at work (scripts/ps.sh) nothing is undone. Your project is not touched.
#
# Exit codes: 0 done; 1 it failed; 2 wrong arguments; 4 refused, nothing was changed.
# shellcheck source=templates/lib/project-script.sh
. "$(dirname "$0")/../lib/project-script.sh"

case ${1:-1} in *[!0-9]* | '') fail "$EX_USAGE" "how many commands is a number" "$1" "scripts/undo.sh 2" ;; esac
need_copy
need_sandbox "$EX_REFUSED"
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"
for number in $(shown_commands); do
    command_is "$number" || continue
    case $LIVES in
    running)
        fail "$EX_REFUSED" "a command still runs, so nothing is undone" "scripts/ps.sh shows it, and what changes while it runs may be its" \
            "scripts/kill.sh $number   (or wait for it)"
        ;;
    # Nobody waits for its end any more; what is left of it would go on under the undo.
    lost) end_command "$number" TERM ;;
    esac
done
undo_commands "${1:-1}"
