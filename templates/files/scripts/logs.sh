#!/usr/bin/env bash
# Shows what a detached command has printed on both of its outputs, line by line. What could steer a terminal is written out
# (\x1b). Of much, the beginning and the newest end are kept.
#
# usage: scripts/logs.sh [--follow | --json] N
#
#   --follow   go on until the command has ended
#   --json     one document for programs (schemas/output.schema.json)
#
# Exit codes: 0 shown; 2 wrong arguments, or no such command.
trap 'last_line $? >&2' EXIT
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"
# shellcheck source=templates/lib/log.sh
. "$BUNDLE/lib/log.sh"
end_on_signals

follow='' show=''
case ${1:-} in
-h | --help) usage "$0" && exit "$EX_DONE" ;;
-f | --follow) follow=yes && shift ;;
--json) show=json && shift ;;
esac
known_command "${1:-}"
[ -e "$COMMANDS/$COMMAND_NUMBER/log" ] ||
    fail "$EX_USAGE" "the command $COMMAND_NUMBER has no log" "it is attached: whoever gave it sees what it prints" "scripts/ps.sh"
log=$COMMANDS/$COMMAND_NUMBER/log shown=0

# show_more: what has come since. A log that was shortened meanwhile goes on at its end.
show_more() {
    whole "$(wc -c <"$log")" || return 0
    [ "$NUMBER" -ge "$shown" ] || shown=$NUMBER
    [ "$NUMBER" -eq "$shown" ] || tail -c +$((shown + 1)) "$log" | head -c $((NUMBER - shown)) | without_times | printable
    shown=$NUMBER
}

if [ "$show" = json ]; then
    output_json "$COMMAND_NUMBER" < <(without_times <"$log" | printable)
    exit
fi
while [ -n "$follow" ] && command_is "$COMMAND_NUMBER" && [ "$LIVES" = running ]; do
    show_more
    sleep 0.5
done
show_more
