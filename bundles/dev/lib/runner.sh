# The one state machine. A run takes the plan's steps in order; each is verified, done, verified again. When one fails, this
# run's steps are undone in reverse. DESIGN: steps/NN-name/{do,verify,undo}.sh and, where a step keeps the state from
# before until the run has ended well, commit.sh.
# shellcheck shell=bash
# shellcheck source=templates/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=templates/lib/lock.sh
. "$BUNDLE/lib/lock.sh"
# shellcheck source=templates/lib/journal.sh
. "$BUNDLE/lib/journal.sh"
# shellcheck source=templates/lib/progress.sh
. "$BUNDLE/lib/progress.sh"

RUN='' CHILD='' SIGNAL='' FAILED_STEP=''
UNDO_GRACE=600

# The machine-readable last line of a script, however it ends.
RESULT=''
at_exit() { :; } # a script that has something to put in order puts its own here
last_line() {
    local code=$?
    at_exit
    lock_release
    [ -n "$RESULT" ] || case $code in
    "$EX_DONE") RESULT=ok ;;
    "$EX_FAILED") RESULT=failed ;;
    "$EX_USAGE") RESULT=usage ;;
    "$EX_RESIDUE") RESULT=residue ;;
    *) RESULT=refused ;;
    esac
    say "gen: result=$RESULT run=${RUN:--} failed_step=${FAILED_STEP:--}"
}
trap last_line EXIT

# manifest_check: nothing runs that is not what gen wrote.
manifest_check() {
    local wrong
    wrong=$(cd "$BUNDLE" && { if have sha256sum; then sha256sum -c --quiet MANIFEST.sha256; else shasum -a 256 -c MANIFEST.sha256; fi; } 2>&1) && return 0
    FAILED_STEP=manifest
    warn "$(printf '%s\n' "$wrong" | grep -v ': OK$' | head -n 10)"
    fail "$EX_REFUSED" "the bundle is not what gen wrote, so nothing is run" "MANIFEST.sha256 does not match" \
        "gen bundle --check   (or put your own changes into local/)"
}

# Only what the manifest names is a step: a folder that somebody put there is never run.
plan_steps() { sed -n 's#^[0-9a-f]*  steps/\([^/]*\)/do\.sh$#\1#p' "$BUNDLE/MANIFEST.sha256" | sort; }

# step_value STEP KEY: one value of the step's data.
step_value() {
    local line
    while IFS= read -r line; do
        case $line in "$2="*) printf '%s\n' "${line#*=}" && return ;; esac
    done <"$BUNDLE/steps/$1/step.conf"
}

step_prior() { echo "$STATE/prior/$RUN/$1"; }

# run_script STEP PHASE LIMIT [VAR=value...]: runs one script of a step with a time limit, its output in the step's log.
# Gives back the script's exit code; 124 when it took too long.
run_script() {
    local step=$1 phase=$2 limit=$3 log code
    shift 3
    log=$STATE/logs/$RUN/$step.$phase.log
    # `timeout` gives the script a process group of its own: Ctrl-C reaches us, and we end the group in order.
    set -- env GEN_RUN="$RUN" GEN_PRIOR="$(step_prior "$step")" "$@" bash "$BUNDLE/steps/$step/$phase.sh"
    ! have timeout || set -- timeout -k 10 "$limit" "$@"
    "$@" >>"$log" 2>&1 </dev/null &
    CHILD=$!
    # A verify changes nothing, so nobody has to find it after a crash.
    [ "$phase" = verify ] || process_name "$CHILD" >"$STATE/child" 2>/dev/null
    if wait "$CHILD"; then code=0; else code=$?; fi
    # A signal ends the wait, not the child.
    while kill -0 "$CHILD" 2>/dev/null; do
        if wait "$CHILD"; then code=0; else code=$?; fi
    done
    CHILD=''
    [ "$phase" = verify ] || rm -f "$STATE/child"
    return "$code"
}

# run_verify STEP: says in $? whether the step holds. Anything but yes or no is no answer.
run_verify() {
    run_script "$1" verify "$(step_value "$1" timeout)"
}

on_signal() {
    SIGNAL=$1
    [ -z "$CHILD" ] || kill -TERM "$CHILD" 2>/dev/null
}

catch_signals() {
    local name
    for name in INT TERM HUP QUIT; do
        # shellcheck disable=SC2064 # the name is meant to be put in now
        trap "on_signal $name" "$name"
    done
    trap '' PIPE
}

# During a rollback a signal is answered, and the rollback goes on: half undone is the one state that nobody wants.
hold_signals() {
    trap 'warn "still rolling back; it will end by itself"' INT TERM HUP QUIT
    trap '' PIPE
}

# do_step STEP: verify, then if need be do and verify. Gives back 0, or 1 with FAILED_STEP set.
do_step() {
    local step=$1 title code
    title=$(step_value "$step" title)
    run_verify "$step"
    code=$?
    if [ -z "$SIGNAL" ] && [ "$code" -eq "$HOLDS" ]; then
        say "  ${GREEN}✓${PLAIN} $title ${DIM}(holds)${PLAIN}"
        return 0
    fi
    FAILED_STEP=$step
    if [ -n "$SIGNAL" ] || [ "$code" -ne "$HOLDS_NOT" ]; then
        report_failure "$step" verify "$code"
        return 1
    fi
    # What may have to be undone is written down before it is begun.
    [ -n "$BEGUN" ] || { BEGUN=yes && journal_append begin; }
    journal_append doing "$step"
    if ! mkdir -p "$(step_prior "$step")" || ! durable "$(step_prior "$step")"; then
        fail "$EX_RESIDUE" "the state folder cannot be written" "$STATE" "df -h '$STATE'"
    fi
    tick "$title"
    run_script "$step" "do" "$(step_value "$step" timeout)"
    code=$?
    tick_end
    if [ "$code" -ne 0 ] || [ -n "$SIGNAL" ]; then
        report_failure "$step" "do" "$code"
        return 1
    fi
    run_verify "$step"
    code=$?
    if [ "$code" -ne "$HOLDS" ]; then
        report_failure "$step" verify "$code"
        return 1
    fi
    journal_append "done" "$step"
    FAILED_STEP=''
    say "  ${GREEN}✓${PLAIN} $title"
}

# undo_steps SCOPE STEP...: undoes the steps in the order given; one that fails does not stop the others.
# SCOPE is "run" (back to before the run) or "all" (back to before the bundle). Gives back how many are left.
undo_steps() {
    local scope=$1 step left=0
    shift
    for step in "$@"; do
        say "  ↩ $(step_value "$step" title)"
        if run_script "$step" undo "$UNDO_GRACE" GEN_UNDO="$scope"; then
            run_verify "$step"
            if [ $? -ne "$HOLDS" ]; then
                journal_append undone "$step" "$scope"
                continue
            fi
            warn "  it was undone, and yet it still holds"
        fi
        left=$((left + 1))
        warn "error: step $step could not be undone"
        tail -n 10 "$STATE/logs/$RUN/$step.undo.log" 2>/dev/null | sed 's/^/  | /' >&2
    done
    return "$left"
}

# end_run SCOPE LEFT: writes the run's end when nothing is left to undo; what is left stays open for the next attempt.
end_run() {
    [ "$2" -eq 0 ] || return "$EX_RESIDUE"
    journal_append end - "$1"
    rm -rf "${STATE:?}/prior/$RUN"
}

# A process of a run that was killed may still be at work: it is ended before anything is undone.
end_orphan() {
    local name
    name=$(cat "$STATE/child" 2>/dev/null) || return 0
    if process_lives "$name"; then
        kill -KILL -- "-${name%%:*}" 2>/dev/null || kill -KILL "${name%%:*}" 2>/dev/null
        while process_lives "$name"; do sleep 0.1; done
    fi
    rm -f "$STATE/child"
}

# recover: brings the last run to an end, if it had none: its steps are undone, or its commit is finished.
recover() {
    local open steps left=0
    end_orphan
    open=$(journal_open_run)
    if [ -n "$open" ]; then
        RUN=$open
        mkdir -p "$STATE/logs/$RUN"
        say "The last run ($open) was interrupted. Undoing what it began:"
        steps=$(journal_steps_of "$open")
        # shellcheck disable=SC2086 # a list of words
        undo_steps run $steps || left=$?
        end_run run "$left" || {
            RESULT=residue
            fail "$EX_RESIDUE" "$left step(s) of an interrupted run could not be undone" "" \
                "mend what is named above, then run scripts/start.sh or rollback.sh again"
        }
        RUN=''
    fi
    finish_commits
}

# finish_commits: the state from before a run goes only when that run has committed.
finish_commits() {
    local folder step
    for folder in "$STATE"/prior/*/; do
        [ -d "$folder" ] || continue
        RUN=$(basename "$folder")
        journal_committed "$RUN" || continue
        mkdir -p "$STATE/logs/$RUN"
        for step in $(plan_steps); do
            [ -d "$folder$step" ] && [ -f "$BUNDLE/steps/$step/commit.sh" ] || continue
            run_script "$step" commit 300 || warn "step $step: the state from before the run could not be cleared away"
        done
        rm -rf "$folder"
    done
    RUN=''
}

begin() {
    manifest_check
    lock_take
    catch_signals
    journal_check
    hold_signals
    recover
    catch_signals
    RUN=$(date -u +%Y%m%dT%H%M%SZ)-$$
    mkdir -p "$STATE/logs/$RUN"
    ln -sfn "$RUN" "$STATE/logs/last"
}

# run_up: the whole plan. Exit code 0, or 1 when it failed and everything that it did is undone, or 3 when something is left.
run_up() {
    local step left=0 steps
    BEGUN=''
    begin
    for step in $(plan_steps); do
        do_step "$step" && [ -z "$SIGNAL" ] && continue
        tick_end
        hold_signals
        FAILED_STEP=$step
        [ -n "$BEGUN" ] || return "$EX_FAILED"
        say "Undoing what this run did:"
        steps=$(journal_steps_of "$RUN")
        # shellcheck disable=SC2086 # a list of words
        undo_steps run $steps || left=$?
        if end_run run "$left"; then
            say "Everything that this run did is undone."
            RESULT=rolled-back
            return "$EX_FAILED"
        fi
        RESULT=residue
        return "$EX_RESIDUE"
    done
    if [ -z "$BEGUN" ]; then
        rm -rf "$STATE/logs/$RUN"
        RESULT=unchanged
        return "$EX_DONE"
    fi
    journal_append commit
    finish_commits_of_this_run
    RESULT=committed
}

finish_commits_of_this_run() {
    local run=$RUN
    hold_signals
    finish_commits
    RUN=$run
}

# run_back: everything that any run of this bundle did is undone. Exit code 0, or 3 when something is left.
run_back() {
    local steps left=0
    begin
    hold_signals
    steps=$(journal_steps_ever)
    if [ -z "$steps" ]; then
        say "There is nothing to undo."
        RESULT=unchanged
        return "$EX_DONE"
    fi
    journal_append begin - all
    # shellcheck disable=SC2086 # a list of words
    undo_steps all $steps || left=$?
    if end_run all "$left"; then
        RESULT=rolled-back
        return "$EX_DONE"
    fi
    FAILED_STEP=undo
    RESULT=residue
    return "$EX_RESIDUE"
}
