# Running a step's scripts, one at a time, and what signals do meanwhile. Sourced by the runner.
# shellcheck shell=bash disable=SC2034,SC2153 # the runner reads SIGNAL, and sets VALUE
# shellcheck source=templates/lib/log.sh
. "$BUNDLE/lib/log.sh"
# shellcheck source=templates/lib/work.sh
. "$BUNDLE/lib/work.sh"

CHILD='' SIGNAL='' KILLED=''

# run_script STEP PHASE LIMIT [VAR=value...]: runs one script of a step with a time limit, its output in the step's log.
# Gives back the script's exit code; 124 when it took too long.
run_script() {
    local step=$1 phase=$2 limit=$3 code child
    shift 3
    begin_log "$STATE/logs/$RUN/$step.$phase.log"
    # `timeout` gives the script a process group of its own: Ctrl-C reaches us, and we end the group in order.
    (
        # shellcheck disable=SC2163 # each further word is VAR=value
        export GEN_RUN="$RUN" GEN_PRIOR="$STATE/prior/$RUN/$step" "$@"
        limited "$limit"
        exec "${LIMITED[@]}" "$BASH" "$BUNDLE/steps/$step/$phase.sh"
    ) >&9 2>&1 </dev/null 5<&- 6>&- 8<&- 9>&- &
    child=$!
    started_at "$child" || :
    CHILD=$child:$STARTED:$BOOT
    # A verify changes nothing, so nobody has to find it after a crash.
    [ "$phase" = verify ] || echo "$CHILD" 2>/dev/null >"$STATE/child"
    if wait "$child"; then code=0; else code=$?; fi
    # A signal ends the wait, not the child.
    while process_lives "$CHILD"; do
        if wait "$child"; then code=0; else code=$?; fi
    done
    CHILD=''
    end_log
    # Killed by us, by its time limit, or by somebody else: what it asked of the engine may still be under way.
    [ "$code" -lt 124 ] || KILLED=yes
    [ "$phase" = verify ] || : >"$STATE/child"
    return "$code"
}

# run_verify STEP: says in $? whether the step holds. Anything but yes or no is no answer.
# Within an undo of scope "all" it is asked whether anything that any run of this bundle did still holds.
run_verify() {
    step_value "$1" timeout
    run_script "$1" verify "$VALUE" GEN_UNDO="${2:-}" GEN_PLAN=
}

on_signal() {
    SIGNAL=$1
    [ -z "$CHILD" ] || signal_process TERM "$CHILD"
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

# A process of a run that was killed may still be at work: it is ended before anything is undone.
end_orphan() {
    local name
    { name=$(<"$STATE/child"); } 2>/dev/null || return 0
    if process_lives "$name"; then
        kill -KILL -- "-${name%%:*}" 2>/dev/null || kill -KILL "${name%%:*}" 2>/dev/null
        while process_lives "$name"; do sleep 0.1; done
    fi
    rm -f "$STATE/child"
}

LOGS_KEPT=50

# new_run: sets RUN, the id of this run, which no other has, whatever the clock says, and makes its folder for logs.
new_run() {
    local number=$$
    RUN=$(date -u +%Y%m%dT%H%M%SZ)-$number
    prune_logs
    until mkdir "$STATE/logs/$RUN" 2>/dev/null || [ ! -d "$STATE/logs/$RUN" ]; do
        number=$((number + 1))
        RUN=${RUN%-*}-$number
    done
}

# prune_logs: the logs of the last runs stay, older ones go. Their names sort by time; one that is later than now is of a
# clock that was wrong, and goes first.
prune_logs() {
    local folder all=() wrong=() n=0
    mkdir -p "$STATE/logs"
    for folder in "$STATE"/logs/[0-9]*/; do
        if [[ ${folder#"$STATE/logs/"} > $RUN/ ]]; then wrong+=("$folder"); else all+=("$folder"); fi
    done
    all=(${wrong[@]+"${wrong[@]}"} ${all[@]+"${all[@]}"})
    while [ $((${#all[@]} - n)) -ge "$LOGS_KEPT" ]; do
        rm -rf "${all[$n]}"
        n=$((n + 1))
    done
}
