# The plan of a run: what each step would find on this host, and one hash over all of it that somebody can approve.
# Looking changes nothing, on the host or in this folder. Sourced by the runner.
# shellcheck shell=bash

# The hash that a run was approved with; a run that nobody approved in particular has none.
APPROVED=''
# A step's own time limit is made for its work. An engine that does not say what it has within this does not answer.
PLAN_SECONDS=60

# plan_look FOLDER: looks at every step. Sets PLAN_OPEN, the interrupted run that would be undone first; PLAN_FIRST, the
# steps of that, a line each, last first; PLAN_STATES, a line "STEP kept|do|unknown" each; PLAN_ANSWERS, if
# the engine does. FOLDER takes what the scripts print.
plan_look() {
    local step
    PLAN_FIRST='' PLAN_STATES='' PLAN_ANSWERS=''
    PLAN_OPEN=$(journal_open_run) || journal_unread
    [ -z "$PLAN_OPEN" ] || PLAN_FIRST=$(journal_steps_of "$PLAN_OPEN") || journal_unread
    ! engine_answers || PLAN_ANSWERS=yes
    mkdir -p "$1/logs"
    plan_steps
    for step in $STEPS; do
        if [ -z "$PLAN_ANSWERS" ]; then
            PLAN_STATE=unknown
        else
            # What is undone first does not hold when its turn comes, whatever it says now.
            if printf "%s\n" "$PLAN_FIRST" | grep -qxF "$step"; then PLAN_STATE="do"; else plan_ask "$step" "$1"; fi
        fi
        PLAN_STATES="$PLAN_STATES$step $PLAN_STATE"$'\n'
        [ -z "$SIGNAL" ] || return
    done
}

# plan_ask STEP FOLDER: sets PLAN_STATE. It asks as a run does, but in no run, and with the log in FOLDER.
plan_ask() {
    # shellcheck disable=SC2034 # run_script reads both
    local STATE=$2 RUN=''
    run_script "$1" verify "$PLAN_SECONDS" GEN_UNDO=
    case $? in
    "$HOLDS") PLAN_STATE=kept ;;
    "$HOLDS_NOT") PLAN_STATE="do" ;;
    *) PLAN_STATE=unknown ;;
    esac
}

# plan_known: whether every step is.
plan_known() { case $PLAN_STATES in *' unknown'$'\n'*) return 1 ;; esac; }

# plan_hash: over the bundle, the user's additions, the interrupted run, and what would be done with each step.
plan_hash() {
    local file
    {
        digest_of <"$BUNDLE/MANIFEST.sha256"
        for file in "$LOCAL/compose.override.yaml" "$LOCAL/env"; do
            if [ -e "$file" ]; then digest_of <"$file"; else echo none; fi
        done
        printf '%s\n' "${PLAN_OPEN:-none}" "$PLAN_STATES"
    } | digest_of
}

# plan_refuse: what cannot be known is neither shown as if it were, nor approved.
plan_refuse() {
    FAILED_STEP=${PLAN_STATES%% unknown*}
    FAILED_STEP=${FAILED_STEP##*$'\n'}
    if [ -z "$PLAN_ANSWERS" ]; then
        engine_trouble
        fail "$EX_REFUSED" "what a run would do cannot be known" "$WHAT" "$MEND"
    fi
    fail "$EX_REFUSED" "what a run would do cannot be known" "$FAILED_STEP does not say whether it holds" "scripts/status.sh"
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
    plan_known || plan_refuse
    [ "$(plan_hash)" != "$APPROVED" ] || return 0
    FAILED_STEP=plan
    fail "$EX_REFUSED" "a run would not do what was approved, so nothing was changed" \
        "the host, the bundle or what is in local/ has changed since the plan was shown" "scripts/plan.sh   (look again, and approve what it shows now)"
}
