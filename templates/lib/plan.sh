# The plan of a run: what each step would find on this host, and one hash over all of it that somebody can approve.
# Looking changes nothing, on the host or in this folder. Sourced by the runner.
# shellcheck shell=bash

# The hash that a run was approved with; a run that nobody approved in particular has none.
APPROVED=''
# A step's own time limit is made for its work. An engine that does not say what it has within this does not answer.
PLAN_SECONDS=60

# plan_look FOLDER: looks at every step. Sets PLAN_OPEN, the interrupted run that would be undone first; PLAN_FIRST, the
# steps of that, a line each, last first; PLAN_STATES, a line "STEP kept|do|may|unknown" each; PLAN_TOLD, a line for each thing
# that a step tells of this host; PLAN_BLOCKED, a line for each reason why a start would stop; PLAN_ANSWERS, if the engine
# does. FOLDER takes what the scripts print.
plan_look() {
    local step
    PLAN_FIRST='' PLAN_STATES='' PLAN_TOLD='' PLAN_BLOCKED='' PLAN_ANSWERS=''
    PLAN_OPEN=$(journal_open_run) || journal_unread
    [ -z "$PLAN_OPEN" ] || PLAN_FIRST=$(journal_steps_of "$PLAN_OPEN") || journal_unread
    ! engine_answers || PLAN_ANSWERS=yes
    # shellcheck disable=SC2153 # engine_trouble sets both
    [ -n "$PLAN_ANSWERS" ] || { engine_trouble && blocks - "$WHAT" "$MEND"; }
    mkdir -p "$1/logs"
    plan_steps
    for step in $STEPS; do
        PLAN_STATE=unknown
        [ -z "$PLAN_ANSWERS" ] || plan_step "$step" "$1"
        PLAN_STATES="$PLAN_STATES$step $PLAN_STATE"$'\n'
        [ -z "$SIGNAL" ] || return
    done
}

# plan_step STEP FOLDER: sets PLAN_STATE.
plan_step() {
    if grep -qxF -e "$1" <<<"$PLAN_FIRST"; then
        # What is undone first does not hold when its turn comes, whatever it says now.
        plan_ask "$1" "$2" again
        PLAN_STATE="do"
    else
        plan_ask "$1" "$2" yes
        [ "$PLAN_STATE" = "do" ] || told "$2/logs/$1.verify.log" | grep '^settled: ' >/dev/null || ! plan_follows "$1" || PLAN_STATE=may
    fi
    if [ "$PLAN_STATE" = unknown ] || { [ "$PLAN_STATE" = "do" ] && ! changes "$1"; }; then plan_blocks "$1" "$2"; fi
}

# plan_ask STEP FOLDER yes|again: sets PLAN_STATE. It asks as a run does, but in no run, and with the log in FOLDER.
plan_ask() {
    # shellcheck disable=SC2034 # run_script reads both
    local STATE=$2 RUN=''
    run_script "$1" verify "$PLAN_SECONDS" GEN_UNDO= GEN_PLAN="$3"
    case $? in
    "$HOLDS") PLAN_STATE=kept ;;
    "$HOLDS_NOT") PLAN_STATE="do" ;;
    "$UNDECIDED") PLAN_STATE=may ;;
    *) PLAN_STATE=unknown ;;
    esac
    PLAN_TOLD=$PLAN_TOLD$(told "$2/logs/$1.verify.log" | sed "s/^/$1 /" && echo .)
    PLAN_TOLD=${PLAN_TOLD%.}
}

# plan_follows STEP: whether a step before it that decides about it is done first. What it says now is no answer then.
plan_follows() {
    local before
    step_value "$1" follows
    for before in $VALUE; do
        case $'\n'$PLAN_STATES in *$'\n'"$before do"$'\n'* | *$'\n'"$before may"$'\n'*) return 0 ;; esac
    done
    return 1
}

# What a verify.sh tells of this host for the plan, with a mark before each line (lib/foresee.sh): what it would do here, which
# object of somebody else it would move, which name of ours gives way, and that it holds whatever is done before.
TOLD='^(would|moves|named|settled): '

# told LOG: those lines of it.
told() { [ ! -s "$1" ] || without_times 2>/dev/null <"$1" | grep -E "$TOLD" | head -n 100; }

# What separates the fields of a reason; no log has it.
FIELD=$'\037'

# blocks STEP WHAT FIX [owner]: one more reason why a start would stop.
blocks() { PLAN_BLOCKED="$PLAN_BLOCKED$1$FIELD$2$FIELD$3$FIELD${4:-}"$'\n'; }

# plan_blocks STEP FOLDER: the reasons that the step's verify.sh gave, as problem() of lib/preflight.sh writes them. One that gave
# none has its last line.
plan_blocks() {
    local log=$2/logs/$1.verify.log found what
    found=$(without_times 2>/dev/null <"$log" | grep -vE "$TOLD" | awk -v step="$1" -v f="$FIELD" '
        function reason() { if (what != "" && fix != "") print step f what f fix f owner; what = fix = owner = "" }
        /^    (mend|fix): / { if (fix == "") fix = substr($0, index($0, ": ") + 2); next }
        /^    decides: owner$/ { owner = "owner"; next }
        { reason(); what = $0 }
        END { reason() }')
    if [ -n "$found" ]; then
        PLAN_BLOCKED=$PLAN_BLOCKED$found$'\n'
        return
    fi
    what=$(without_times 2>/dev/null <"$log" | grep -vE "$TOLD" | tail -n 1)
    step_value "$1" hint
    blocks "$1" "$1 does not say whether it holds${what:+: $what}" "${VALUE:-scripts/status.sh}"
}

# plan_free: whether nothing stands in the way of a start.
plan_free() { [ -z "$PLAN_BLOCKED" ]; }

# plan_hash: over the bundle, the user's additions and what they come to, the project, the engine, the interrupted run, and what would
# be done with each step on this host. The first run gives this bundle its number, so the hash has a word in its place.
plan_hash() {
    local file
    {
        digest_of <"$BUNDLE/MANIFEST.sha256"
        for file in "$LOCAL/compose.override.yaml" "$LOCAL/env"; do
            if [ -e "$file" ]; then digest_of <"$file"; else echo none; fi
        done
        local_digest
        # As it was when only the file could say it.
        if [ -n "${GEN_PROJECT_NAMED:-}" ]; then printf '%s\n' "$GEN_PROJECT_NAMED" | digest_of; elif [ -e "$LOCAL/project" ]; then digest_of <"$LOCAL/project"; else echo none; fi
        work_left
        printf '%s\n' "${ENGINE_ID:-none}" "${PLAN_OPEN:-none}" "$PLAN_STATES" "$PLAN_TOLD" | named_alike
    } | digest_of
}

# named_alike: standard input with ID in the place of this bundle's number.
named_alike() {
    local line
    while IFS= read -r line; do printf '%s\n' "${line//"${INSTANCE:-ID}"/ID}"; done
}

# plan_refuse: what would stop, or is unknown, is neither shown as if it would run, nor approved.
plan_refuse() {
    local what fix owner brief="a start would stop"
    IFS=$FIELD read -r FAILED_STEP what fix owner <<<"$PLAN_BLOCKED"
    [ "$FAILED_STEP" != - ] || FAILED_STEP=${STEPS%%[[:space:]]*}
    case $PLAN_STATES in *' unknown'$'\n'*) brief="what a run would do is unknown" ;; esac
    fail "$EX_REFUSED" "$brief, so nothing was changed" "$what" "$fix" "$owner"
}

# approval_check: an approved run goes on only as the run that was shown. It is asked before the first change: what an
# interrupted run began is undone after this, as the plan said.
approval_check() {
    local work
    [ -n "$APPROVED" ] || return 0
    work=$(mktemp -d) || fail "$EX_REFUSED" "no temporary folder can be made" "${TMPDIR:-/tmp}" "df -h '${TMPDIR:-/tmp}'"
    plan_look "$work"
    rm -rf "$work"
    [ -z "$SIGNAL" ] || fail "$EX_FAILED" "interrupted by SIG$SIGNAL; nothing was changed"
    plan_free || plan_refuse
    if [ "$(plan_hash)" = "$APPROVED" ]; then
        GEN_APPROVED_LOCAL=$(local_digest)
        export GEN_APPROVED_LOCAL
        return
    fi
    FAILED_STEP=plan
    fail "$EX_REFUSED" "a run would not do what was approved, so nothing was changed" \
        "the host, the bundle or what is in local/ has changed since the plan was shown" "$LOOK_AGAIN"
}
LOOK_AGAIN="scripts/plan.sh   (look again, and approve what it shows now)"

# approval_record: what was approved stands in the run's logs.
approval_record() { [ -z "$APPROVED" ] || printf '%s\n' "$APPROVED" "$PLAN_STATES" "$PLAN_TOLD" >"$STATE/logs/$RUN/approved"; }

# say_told STEP: what its verify.sh has told in this run: what the step would do or cost here, or lacks though it holds, and what of
# somebody else's it would move.
say_told() {
    local line kind id state name new
    while IFS= read -r line; do
        case $line in
        'would: '*) say "    ${line#would: }" ;;
        'moves: '*) read -r _ kind id state name new <<<"$line" && say "    $(told_move "$kind" "$id" "$state" "$name" "$new")" ;;
        esac
    done < <(told "$(log_path "$1" verify)")
}

# approval_allows STEP: whether a step that does not hold may be done: not one that was approved as kept, and no object of somebody else is
# moved that was not named. Otherwise the run fails with this.
approval_allows() {
    local why
    [ -n "$APPROVED" ] || return 0
    why=$(outside_of_approval "$1")
    [ -n "$why" ] || return 0
    report_failure "$1" verify "$HOLDS_NOT"
    # shellcheck disable=SC2034 # the runner reads all of them
    FAILURE_WHY=$why FAILURE_MEND=$LOOK_AGAIN REFUSED=yes FAIL_CODE=$EX_REFUSED
    return 1
}

# moves_of STEP: the objects of somebody else that it would move, as its verify.sh has told in this run.
moves_of() { told "$(log_path "$1" verify)" | grep '^moves: '; }

# outside_of_approval STEP: what of it nobody has approved; empty for nothing.
outside_of_approval() {
    local line
    case $'\n'$PLAN_STATES in
    *$'\n'"$1 kept"$'\n'*) echo "it does not hold any more, and the plan that was approved keeps it" && return ;;
    esac
    moves_of "$1" | while IFS= read -r line; do
        case $'\n'$PLAN_TOLD in *$'\n'"$1 $line"$'\n'*) ;; *) echo "the plan that was approved does not name this: ${line#moves: }" ;; esac
    done
}
