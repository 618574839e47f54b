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

as_json=''
if [ "${1:-}" = --json ]; then as_json=yes && shift; fi
help_or_refuse "$0" "$@"

# state: how the command that command_is has looked at is, in a word or two.
state() {
    local why=''
    case $WHY in signal | time) why=" ($WHY)" ;; sandbox) why=" (with the sandbox)" ;; esac
    case $LIVES in
    running) if [ "$HOW" = detached ]; then echo runs; else echo "runs, attached"; fi ;;
    lost) echo lost ;;
    *) if whole "$CODE"; then echo "exit $NUMBER$why"; else echo "ended$why"; fi ;;
    esac
}

# row NUMBER: a line of the table, as it is shown.
row() {
    local word shown=''
    for word in "${COMMAND_WORDS[@]}"; do
        case $word in '' | *[!a-zA-Z0-9@%+=:,./_-]*) shown="$shown $(quoted "$word")" ;; *) shown="$shown $word" ;; esac
    done
    # None of it begins a line of its own.
    say "$(printf '%4s  %s  %8s  %-27s ' "$1" "$BEGAN" "${LASTED:-?} s" "$(state)")${shown//$'\n'/\\x0a}"
}

# document NUMBER: the same as JSON.
document() {
    printf '{"number":%s,"began":"%s","seconds":%s,"detached":%s,"state":"%s","exit":%s,"ended_by":%s,"id":"%s","command":[%s]}' \
        "$1" "$BEGAN" "$(json_number "$LASTED")" "$([ "$HOW" = detached ] && echo true || echo false)" "$LIVES" \
        "$(json_number "$CODE")" "$([ -n "$WHY" ] && echo "\"$WHY\"" || echo null)" "$MARK" "$(json_strings "${COMMAND_WORDS[@]}")"
}

comma=''
if [ -n "$as_json" ]; then printf '{"schema":1,"commands":['; else say '   N  began                   lasted  state                        command'; fi
for number in $(command_numbers); do
    if ! command_is "$number" || [ "$HOW$LIVES" = attachedended ]; then continue; fi
    command_words "$number"
    if [ -n "$as_json" ]; then printf '%s' "$comma" && document "$number" && comma=,; else row "$number"; fi
done
[ -z "$as_json" ] || echo ']}'
