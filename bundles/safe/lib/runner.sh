# The one state machine. A run takes the plan's steps in order; each is verified, done, verified again. When one fails, this
# run's steps are undone in reverse. DESIGN: steps/NN-name/{do,verify,undo}.sh and, where a step keeps the state from
# before until the run has ended well, commit.sh.
# shellcheck shell=bash
# shellcheck source=templates/lib/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"
# shellcheck source=templates/lib/lock.sh
. "$BUNDLE/lib/lock.sh"
# shellcheck source=templates/lib/journal.sh
. "$BUNDLE/lib/journal.sh"
# shellcheck source=templates/lib/process.sh
. "$BUNDLE/lib/process.sh"
# shellcheck source=templates/lib/progress.sh
. "$BUNDLE/lib/progress.sh"
# shellcheck source=templates/lib/home.sh
. "$BUNDLE/lib/home.sh"
# shellcheck source=templates/lib/plan.sh
. "$BUNDLE/lib/plan.sh"
# shellcheck source=templates/lib/fingerprint.sh
. "$BUNDLE/lib/fingerprint.sh"

BEGUN='' REFUSED='' FAIL_CODE=$EX_FAILED STEPS=''
UNDO_GRACE=600

once_begun() { :; } # a script that has something to keep when nothing refuses it any more puts its own here
end_script() {
    local code=$?
    at_exit || code=$EX_RESIDUE
    give_to_owner
    lock_release
    # Whatever cut the run short here, it has begun and did not come to its end.
    if [ -n "$BEGUN" ] && [ -z "$RESULT" ]; then
        code=$EX_RESIDUE
        warn "error: the run was cut short; scripts/recover.sh undoes what it began"
    fi
    result_of "$code"
    emit run-ended - ",\"result\":\"$RESULT\",\"failed_step\":\"${FAILED_STEP:--}\""
    last_line "$code"
    exit "$code"
}
trap end_script EXIT
end_on_signals

# plan_steps: sets STEPS. Only what the manifest names is a step: a folder that somebody put there is never run. No bundle has none.
plan_steps() {
    [ -n "$STEPS" ] || STEPS=$(set -o pipefail && sed -n 's#^[0-9a-f]*  steps/\([^/]*\)/do\.sh$#\1#p' "$BUNDLE/MANIFEST.sha256" | sort) || STEPS=''
    [ -n "$STEPS" ] || fail "$EX_REFUSED" "which steps this bundle has cannot be known" "MANIFEST.sha256 could not be read" "ls -l $(quoted "$BUNDLE")"
}

# step_value STEP KEY: sets VALUE to one value of the step's data.
step_value() {
    local line
    VALUE=''
    while IFS= read -r line; do
        case $line in "$2="*) VALUE=${line#*=} && return ;; esac
    done <"$BUNDLE/steps/$1/step.conf"
}

# do_step STEP: verify, then if need be do and verify. Gives back 0, or 1 with FAILED_STEP set.
do_step() {
    local step=$1 title code
    step_value "$step" title
    title=$VALUE
    emit verifying "$step"
    run_verify "$step"
    code=$?
    if [ -z "$SIGNAL" ] && [ "$code" -eq "$HOLDS" ]; then
        emit kept "$step"
        say "  ${GREEN}✓${PLAIN} $title ${DIM}(holds)${PLAIN}"
        say_told "$step"
        return 0
    fi
    FAILED_STEP=$step
    if [ -n "$SIGNAL" ] || [ "$code" -ne "$HOLDS_NOT" ]; then
        report_failure "$step" verify "$code"
        return 1
    fi
    say_told "$step"
    approval_allows "$step" && announce "$step" || return 1
    emit doing "$step"
    tick "$title"
    step_value "$step" timeout
    run_script "$step" "do" "$VALUE"
    code=$?
    tick_end
    if [ "$code" -ne 0 ] || [ -n "$SIGNAL" ]; then
        [ "$code" -ne "$EX_REFUSED" ] || REFUSED=yes
        report_failure "$step" "do" "$code"
        return 1
    fi
    run_verify "$step"
    code=$?
    if [ "$code" -ne "$HOLDS" ]; then
        report_failure "$step" verify "$code"
        return 1
    fi
    if changes "$step"; then journal_append "done" "$step" || return 1; fi
    FAILED_STEP=''
    emit "done" "$step"
    say "  ${GREEN}✓${PLAIN} $title"
}

# changes STEP: whether its do.sh changes anything; one that only looks needs no undoing.
changes() {
    step_value "$1" changes
    [ "$VALUE" != no ]
}

# announce STEP: what may have to be undone is on the disk before it is begun, and before the first of it, what this
# host was. Fails when that cannot be: then the step is not begun.
announce() {
    changes "$1" || return 0
    local prior=$STATE/prior/$RUN first=()
    if [ -z "$BEGUN" ]; then
        # shellcheck disable=SC2086 # one word a step
        if ! mkdir -p "$prior" || ! (cd "$prior" && mkdir $STEPS); then
            warn "error: the state folder cannot be written: $STATE"
            return 1
        fi
        if ! fingerprint "$(baseline)"; then
            warn "error: what is on this host cannot be known, so nothing is changed: the engine does not answer, or $STATE is full"
            return 1
        fi
        journal_append begin || return 1
        BEGUN=yes
        ln -sfn "$RUN" "$STATE/logs/last"
        first=(- "$prior" "$(baseline)")
    fi
    journal_append doing "$1" ${first[@]+"${first[@]}"}
}

# The fingerprint from before the run.
baseline() { echo "$STATE/prior/$RUN/fingerprint"; }

# undo_steps SCOPE STEP...: undoes the steps in the order given; one that fails does not stop the others.
# SCOPE is "run" (back to before the run) or "all" (back to before the bundle). Gives back how many are left.
undo_steps() {
    local scope=$1 step left=0 silent=''
    shift
    for step in "$@"; do
        emit undoing "$step"
        step_value "$step" title
        say "  ↩ $VALUE"
        if [ -z "$silent" ] && run_script "$step" undo "$UNDO_GRACE" GEN_UNDO="$scope"; then
            run_verify "$step" "$scope"
            case $? in
            "$HOLDS_NOT") emit undone "$step" && journal_append undone "$step" "$scope" && continue ;;
            "$HOLDS") warn "  it was undone, and yet it still holds" ;;
            *) warn "  whether it is undone cannot be known" ;;
            esac
        fi
        left=$((left + 1))
        emit left "$step" "$(log_field "$step" undo)"
        warn "error: step $step could not be undone${silent:+, since the engine does not answer}"
        [ -n "$silent" ] || last_lines "$(log_path "$step" undo)" 10 >&2
        # Each further one would wait as long, for the same silence. The run stays open, and all of them are tried again.
        [ -n "$silent" ] || engine_answers || silent=yes
    done
    return "$left"
}

# undo_run: undoes what this run began, and measures that this host is what it was before. Gives back 0 or EX_RESIDUE.
# A run stays open, to be tried again, while a step is not undone or the host cannot be looked at.
undo_run() {
    local steps measured=0
    [ -z "$KILLED" ] || engine_settle
    steps=$(journal_steps_of "$RUN") || { warn "error: the journal cannot be read: $JOURNAL" && return "$EX_RESIDUE"; }
    # shellcheck disable=SC2086 # a list of words
    undo_steps run $steps || return "$EX_RESIDUE"
    measure_rollback "$(baseline)" || measured=$?
    [ "$measured" -ne "$UNKNOWN" ] || return "$EX_RESIDUE"
    journal_append end - run || return "$EX_RESIDUE"
    rm -rf "${STATE:?}/prior/$RUN" "${LEDGER:?}/$RUN"
    [ "$measured" -eq 0 ] || return "$EX_RESIDUE"
}

# recover: brings the last run to an end, if it had none: its steps are undone, or its commit is finished.
recover() {
    local open run=$RUN
    end_orphan
    recover_work
    open=$(journal_open_run) || journal_unread
    if [ -n "$open" ]; then
        RUN=$open KILLED=yes
        mkdir -p "$STATE/logs/$RUN"
        say "The last run ($open) was interrupted (its logs: .state/logs/$open). Undoing what it began:"
        if ! undo_run; then
            RESULT=residue
            fail "$EX_RESIDUE" "an interrupted run could not be undone whole" "what is left is named above" \
                "mend that, then run scripts/recover.sh again"
        fi
        RUN=$run
    fi
    finish_commits
}

# finish_commits: the state from before a run goes only when that run has committed.
finish_commits() {
    local folder step run=$RUN
    for folder in "$STATE"/prior/*/; do
        [ -d "$folder" ] || continue
        RUN=${folder%/} RUN=${RUN##*/}
        [ ! -e "$folder/pruning" ] || rm -rf "$folder"
        journal_committed "$RUN" || continue
        [ -d "$STATE/logs/$RUN" ] || mkdir -p "$STATE/logs/$RUN"
        for step in $STEPS; do
            { is_listed "steps/$step/commit.sh" && holds_files "$folder$step"; } || continue
            run_script "$step" commit 300 || warn "step $step: the state from before the run could not be cleared away"
        done
        rm -rf "$folder"
    done
    RUN=$run
}

# begin: what every script that changes something does first. The last run comes to its end before this one begins.
begin() {
    plan_steps
    lock_take
    # shellcheck disable=SC2034 # for those who source this
    INSTANCE=$(instance) || exit "$EX_REFUSED"
    home_check
    home_remember
    catch_signals
    journal_check
    approval_check
    hold_signals
    new_run
    approval_record && once_begun
    emit run-started -
    recover
    catch_signals
}

# run_up: the whole plan. Exit code 0, or 1 when it failed and everything that it did is undone, or 3 when something is left.
run_up() {
    local step
    begin
    for step in $STEPS; do
        do_step "$step" && [ -z "$SIGNAL" ] && continue
        FAILED_STEP=$step
        fail_run
        return
    done
    if [ -z "$BEGUN" ]; then
        rm -rf "$STATE/logs/$RUN"
        RESULT=unchanged
        return "$EX_DONE"
    fi
    hold_signals
    if ! write_ledger "$(baseline)" || ! journal_append commit; then
        warn "error: what this run added to the host could not be written down"
        fail_run
        return
    fi
    # A rollback that was cut off before this run has looked at another host.
    rm -f "$LEDGER/before"
    finish_commits
    RESULT=committed
}

# fail_run: the end of a run that failed.
fail_run() {
    local code=$FAIL_CODE
    hold_signals
    if [ -n "$BEGUN" ]; then
        say "Undoing what this run did:"
        if undo_run; then RESULT=rolled-back; else RESULT=residue code=$EX_RESIDUE; fi
    elif [ -n "$REFUSED" ]; then
        RESULT=refused code=$EX_REFUSED
    fi
    failure_summary
    return "$code"
}

# run_back: everything that any run of this bundle did is undone. Exit code 0, or 3 when something is left.
run_back() {
    local steps measured=0
    begin
    hold_signals
    steps=$(journal_steps_ever) || journal_unread
    if [ -z "$steps" ] && ! debt_open && [ ! -s "$LEDGER/before" ]; then
        say "There is nothing to undo."
        RESULT=unchanged && return
    fi
    journal_append begin - all || return "$EX_REFUSED"
    BEGUN=yes
    # Whoever asks one day where the data are finds that they were told to go.
    [ "${GEN_DELETE_DATA:-}" != yes ] || journal_append delete-data - all || { RESULT=residue && return "$EX_RESIDUE"; }
    # shellcheck disable=SC2086 # a list of words
    if look_before && undo_steps all $steps; then
        measure_whole_rollback || measured=$?
        # Every step is undone: what differs stays written down, and is looked at again.
        if [ "$measured" -ne "$UNKNOWN" ] && journal_append end - all && [ "$measured" -eq 0 ]; then
            RESULT=rolled-back
            return "$EX_DONE"
        fi
    fi
    FAILED_STEP=undo RESULT=residue
    return "$EX_RESIDUE"
}
