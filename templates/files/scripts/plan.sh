#!/usr/bin/env bash
# Shows what scripts/start.sh would do now: which steps hold already, which would be done and what each of them changes,
# what of an interrupted run would be undone first, and what a rollback would cost. Changes nothing, here or on the host.
#
# usage: scripts/plan.sh [--json] [--help]
#
#   --json   one document for programs on standard output (schemas/plan-state.schema.json), and nothing else there
#
# The plan has a hash. scripts/start.sh --approve HASH runs that plan and no other.
#
# Exit codes: 0 shown; 2 wrong arguments; 4 refused, or what a step would do cannot be known (the engine does not answer).
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/cost.sh
. "$BUNDLE/lib/cost.sh"

# said STEP: the end of what its verify.sh printed.
said() { tail -n 20 "$work/logs/$1.verify.log" 2>/dev/null | without_times | printable | cut -c 1-300; }

# strings: the lines of standard input as the elements of a JSON array.
strings() {
    local line all=()
    while IFS= read -r line; do all+=("$line"); done
    [ ${#all[@]} -eq 0 ] || json_strings "${all[@]}"
}

show_json() {
    local step state title comma='' open=null before='' undoes
    [ -z "$PLAN_OPEN" ] || open=$(json_strings "$PLAN_OPEN")
    [ -z "$PLAN_FIRST" ] || before=$(strings <<<"$PLAN_FIRST")
    undoes=$(journal_steps_ever) || journal_unread
    [ -z "$undoes" ] || undoes=$(strings <<<"$undoes")
    printf '{"schema":1,"name":%s,"hash":"%s","open_run":%s,"undo_first":[%s],"steps":[' \
        "$(json_strings "$GEN_NAME")" "$hash" "$open" "$before"
    while read -r step state; do
        [ -n "$step" ] || continue
        step_value "$step" title
        title=$(json_strings "$VALUE")
        step_value "$step" effects
        printf '%s\n{"step":"%s","title":%s,"state":"%s","says":[%s],"effects":%s}' "$comma" "$step" \
            "$title" "$state" "$(said "$step" | strings)" "$VALUE"
        comma=,
    done <<<"$PLAN_STATES"
    printf '],\n"rollback":{"undoes":[%s],%s}}\n' "$undoes" "$(cost_json)"
}

show_text() {
    local step state
    say "${BOLD}The plan of the sandbox $GEN_NAME${PLAIN}; looking changes nothing"
    if [ -n "$PLAN_OPEN" ]; then
        say "First the last run ($PLAN_OPEN), which was interrupted, is undone:"
        for step in $PLAN_FIRST; do step_value "$step" title && say "  ↩ $VALUE"; done
        say "Then:"
    fi
    while read -r step state; do [ -z "$step" ] || show_step "$step" "$state"; done <<<"$PLAN_STATES"
    say "What ./rollback.sh would cost now:"
    cost_text
    plan_known || return
    say "plan:    $hash"
    say "run it:  scripts/start.sh --approve $hash"
}

show_step() { # STEP STATE
    step_value "$1" title
    case $2 in
    kept) say "  ${GREEN}✓${PLAIN} $VALUE ${DIM}(holds, and is kept)${PLAIN}" && return ;;
    unknown) say "  ${RED}?${PLAIN} $VALUE (cannot be known)" ;;
    *)
        say "  + $VALUE"
        # What only looks cannot mend what it finds.
        if changes "$1"; then step_value "$1" touches; else VALUE="it does not hold: a run would stop here"; fi
        say "      ${DIM}$VALUE${PLAIN}"
        ;;
    esac
    said "$1" | sed 's/^/      /'
}

show=show_text
case ${1:-} in
--json)
    [ $# -eq 1 ] || fail "$EX_USAGE" "unknown argument: $2" "" "$0 --help"
    show=show_json
    # Standard output is the document's alone.
    exec 3>&1 1>&2
    ;;
*) help_or_refuse "$0" "$@" ;;
esac
work=''
at_exit() { [ -z "$work" ] || rm -rf "$work"; }
# It is no run, so it tells no events.
GEN_EVENTS=''
manifest_check
lock_respect
home_check
catch_signals
work=$(mktemp -d) || fail "$EX_REFUSED" "no temporary folder can be made" "${TMPDIR:-/tmp}" "df -h '${TMPDIR:-/tmp}'"
journal_whole
head -n "$WHOLE" "$JOURNAL" >"$work/journal.jsonl" 2>/dev/null
JOURNAL=$work/journal.jsonl
plan_look "$work"
cost_look "$PLAN_ANSWERS"
[ -z "$SIGNAL" ] || fail "$EX_FAILED" "interrupted by SIG$SIGNAL"
hash=$(plan_hash)
if [ "$show" = show_json ]; then show_json >&3; else show_text; fi
plan_known || plan_refuse
