#!/usr/bin/env bash
# Lists the commands that run in the sandbox, and the detached ones that have ended, the newest first.
#
# usage: scripts/ps.sh [--json]
#
#   --json   one document for programs (schemas/commands.schema.json)
#
# The time is UTC. A command that is "lost" may still run: whoever waited for it was killed. scripts/kill.sh N ends what is left.
#
# Exit codes: 0 shown; 2 wrong arguments; 4 refused.
trap 'last_line $? >&2' EXIT
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"
end_on_signals

show=''
if [ "${1:-}" = --json ]; then show=json && shift; fi
help_or_refuse "$0" "$@"

if [ "$show" = json ]; then
    commands_json
    exit
fi
say '   N  began                   lasted  state                        command'
for number in $(shown_commands); do
    command_is "$number" && command_words "$number" && command_state
    say "$(printf '%4s  %s  %8s  %-27s' "$number" "$BEGAN" "${LASTED:-?} s" "$SHOWN_STATE")  $COMMAND_LINE"
done
