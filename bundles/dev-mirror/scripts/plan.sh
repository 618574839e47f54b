#!/usr/bin/env bash
# Shows what scripts/start.sh would do now: which steps hold already, which would be done and which may, what each of them
# changes, whose objects it moves aside until a rollback, what of an interrupted run would be undone first, what would stop a start, and what a
# rollback would cost. Changes nothing, here or on the host.
#
# usage: scripts/plan.sh [--json] [--project PATH] [--help]
#
#   --json           one document for programs on standard output (schemas/plan-state.schema.json), and nothing else there
#   --project PATH   the plan of a start with this --project; local/project stays as it is
#
# The plan has a hash. scripts/start.sh --approve HASH runs that plan and no other.
#
# Exit codes: 0 shown, and a start would begin; 2 wrong arguments; 4 a start would stop: `blocked` in the document, and the last
#             lines here, say why, what mends it, and what only the owner of this machine may decide.
shown='' FAILED_WITH=()

# show_stopped CODE WHAT WHY FIX: the document where no run would even look at its steps: another holds the lock, a file of the
# bundle or the journal is not what was written. A bundle that is not whole is asked nothing, not even for the sandbox's name.
show_stopped() {
    printf '{"schema":2,"name":%s,"hash":null,"open_run":null,"undo_first":[],"take_back":[],"blocked":[{"step":null,"what":%s,"fix":%s,"owner_only":false}],"moves":[],"aside":[],"names":[],"steps":[],"rollback":null}\n' \
        "$(json_strings "${GEN_NAME:-}")" "$(json_strings "$2${3:+: $3}")" "$(json_strings "${4:-scripts/status.sh}")"
}
end_unseen() {
    local code=$?
    last_line "$code" >&2
    [ "${FAILED_WITH[0]:-}" != "$EX_REFUSED" ] || show_stopped "${FAILED_WITH[@]}"
}
case " $* " in *" --json "*) trap end_unseen EXIT ;; esac
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/cost.sh
. "$BUNDLE/lib/cost.sh"

# said STEP: the end of what its verify.sh printed for people.
said() { without_times 2>/dev/null <"$work/logs/$1.verify.log" | grep -vE "$TOLD" | tail -n 20 | printable | cut -c 1-300; }

# tells MARK [STEP]: what the steps, or the one, tell of this host with that mark.
tells() { sed -n "s/^${2:-[^ ]*} $1: //p" <<<"$PLAN_TOLD"; }

# in_words STEP: what it tells, as sentences.
in_words() {
    local kind id state name new
    tells would "$1"
    tells moves "$1" | while read -r kind id state name new; do told_move "$kind" "$id" "$state" "$name" "$new"; done
    tells named "$1" | while read -r kind name new; do told_name "$kind" "$name" "$new"; done
}

# strings: the lines of standard input as the elements of a JSON array.
strings() {
    local line all=()
    while IFS= read -r line; do all+=("$line"); done
    [ ${#all[@]} -eq 0 ] || json_strings "${all[@]}"
}

# objects KEY...: lines of words as JSON objects of these keys, with commas between them.
objects() {
    local line key word comma=''
    while IFS= read -r line; do
        [ -n "$line" ] || continue
        printf '%s{' "$comma"
        comma=''
        for key in "$@"; do
            word=${line%% *} line=${line#* }
            printf '%s"%s":%s' "$comma" "$key" "$(json_strings "$word")"
            comma=,
        done
        printf '}'
    done
}

# reasons: why a start would stop, as JSON objects.
reasons() {
    local step what fix owner comma='' where
    while IFS=$FIELD read -r step what fix owner; do
        [ -n "$what" ] || continue
        where=null
        [ "$step" = - ] || where=$(json_strings "$step")
        printf '%s{"step":%s,"what":%s,"fix":%s,"owner_only":%s}' "$comma" "$where" "$(json_strings "$what")" \
            "$(json_strings "$fix")" "$([ -z "$owner" ] && echo false || echo true)"
        comma=,
    done <<<"$PLAN_BLOCKED"
}

show_json() {
    local step state title comma='' open=null before='' keys=(kind id state name new_name)
    [ -z "$PLAN_OPEN" ] || open=$(json_strings "$PLAN_OPEN")
    [ -z "$PLAN_FIRST" ] || before=$(strings <<<"$PLAN_FIRST")
    printf '{"schema":2,"name":%s,"hash":"%s","open_run":%s,"undo_first":[%s],"take_back":[%s],"blocked":[%s],\n"moves":[%s],"aside":[%s],"names":[%s],"steps":[' \
        "$(json_strings "$GEN_NAME")" "$hash" "$open" "$before" "$(work_left | printable | strings)" "$(reasons)" "$(tells moves | objects "${keys[@]}")" \
        "$(objects_aside | objects "${keys[@]}")" "$({ tells named; names_taken; } | sort -u | objects kind wanted name)"
    while read -r step state; do
        [ -n "$step" ] || continue
        step_value "$step" title
        title=$(json_strings "$VALUE")
        step_value "$step" effects
        printf '%s\n{"step":"%s","title":%s,"state":"%s","says":[%s],"would":[%s],"effects":%s}' "$comma" "$step" \
            "$title" "$state" "$(said "$step" | strings)" "$(in_words "$step" | printable | strings)" "$VALUE"
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
    if [ -s "$WORK" ]; then
        say "First what a script that was cut off began is taken back:"
        work_left | while IFS= read -r step; do say "  ↩ $step"; done
    fi
    while read -r step state; do [ -z "$step" ] || show_step "$step" "$state"; done <<<"$PLAN_STATES"
    say_aside | printable
    say "What ./rollback.sh would cost now:"
    cost_text
    show_blocked
    plan_free || return
    say "plan:    $hash"
    say "run it:  scripts/start.sh --approve $hash${GEN_PROJECT_NAMED:+ --project $(quoted "$GEN_PROJECT_NAMED")}"
}

show_step() { # STEP STATE
    step_value "$1" title
    case $2 in
    kept)
        say "  ${GREEN}✓${PLAIN} $VALUE ${DIM}(holds, and is kept)${PLAIN}"
        in_words "$1" | printable | sed 's/^/      here: /'
        return
        ;;
    unknown) say "  ${RED}?${PLAIN} $VALUE (unknown)" ;;
    *)
        if [ "$2" = may ]; then say "  ~ $VALUE (may be done: that is decided on the way)"; else say "  + $VALUE"; fi
        # What only looks cannot mend what it finds.
        if changes "$1"; then step_value "$1" touches; else VALUE="it does not hold: a run would stop here"; fi
        say "      ${DIM}$VALUE${PLAIN}"
        ;;
    esac
    in_words "$1" | printable | sed 's/^/      here: /'
    said "$1" | sed 's/^/      /'
}

show_blocked() {
    local step what fix owner
    while IFS=$FIELD read -r step what fix owner; do
        [ -n "$what" ] || continue
        say "A start would stop here${owner:+, and only the owner of this machine may decide}: $what"
        say "  mend: $fix"
        [ -z "$owner" ] || say "$OWNER_DECIDES"
    done <<<"$PLAN_BLOCKED" | printable
}

# What a caller has of these is none of ours.
unset GEN_PROJECT_NAMED GEN_APPROVED_LOCAL
show=show_text work=''
at_exit() {
    [ -z "$work" ] || rm -rf "$work"
    # What refuses before a document is there is told in one as well.
    if [ "$show" = show_json ] && [ -z "$shown" ] && [ "${FAILED_WITH[0]:-}" = "$EX_REFUSED" ]; then show_stopped "${FAILED_WITH[@]}" >&3; fi
}
while [ $# -gt 0 ]; do
    case $1 in
    --json)
        # Standard output is the document's alone.
        [ "$show" = show_json ] || exec 3>&1 1>&2
        show=show_json
        shift
        ;;
    --project)
        # shellcheck source=templates/lib/project.sh
        . "$BUNDLE/lib/project.sh"
        name_project "${2:-}"
        shift 2
        ;;
    *) help_or_refuse "$0" "$@" ;;
    esac
done
# It is no run, so it tells no events.
GEN_EVENTS=''
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
undoes=$(journal_steps_ever) || journal_unread
[ -z "$undoes" ] || undoes=$(strings <<<"$undoes")
if [ "$show" = show_json ]; then show_json >&3 && shown=yes; else show_text; fi
plan_free || plan_refuse
