# What a person sees while a run goes on, and when it fails. Sourced by the runner.
# shellcheck shell=bash
# shellcheck source=templates/lib/troubles.sh
. "$BUNDLE/lib/troubles.sh"

TICKER=''

# tick TITLE: shows that a long step goes on: elapsed time on a terminal, a line each half minute elsewhere.
tick() {
    (
        seconds=0
        # A runner that was killed is not followed on, not even while nobody has reaped it. The last sleep outlives us:
        # it must not hold the output, or whoever reads that to its end waits for it.
        while sleep 1 >/dev/null && process_lives "$SELF"; do
            seconds=$((seconds + 1))
            if [ -t 1 ]; then printf '\r  %s … %ss ' "$1" "$seconds"; elif [ $((seconds % 30)) -eq 0 ]; then say "  … $1: ${seconds}s"; fi
        done
    ) 2>/dev/null 5<&- 6>&- 8<&- 9>&- &
    TICKER=$(process_name $!)
}

tick_end() {
    [ -n "$TICKER" ] || return 0
    # A signal in another `wait` can cost bash the word that this one has ended already: it would be waited for without end.
    ! signal_process TERM "$TICKER" || wait "${TICKER%%:*}" 2>/dev/null
    TICKER=''
    [ ! -t 1 ] || printf '\r\033[K'
}

# emit EVENT STEP [FIELDS]: one JSON line for whoever follows the run, in the file that GEN_EVENTS names. Nobody has to:
# a line that cannot be written is no error.
emit() {
    local title=$GEN_NAME
    [ -n "${GEN_EVENTS:-}" ] || return 0
    [ "$2" = - ] || { step_value "$2" title && title=$VALUE; }
    clock
    printf '{"schema":1,"time":"%s","run":"%s","event":"%s","step":"%s","title":%s%s}\n' \
        "$NOW" "${RUN:--}" "$1" "$2" "$(json_strings "$title")" "${3:-}" >>"$GEN_EVENTS" 2>/dev/null || :
}

# log_field STEP PHASE: the event's field that names the log.
log_field() { printf ',"log":%s' "$(json_strings ".state/logs/$RUN/$1.$2.log")"; }

# The failure that ends a run: the step, the phase of it, and why.
FAILURE_STEP='' FAILURE_PHASE='' FAILURE_WHY='' FAILURE_MEND=''

# report_failure STEP PHASE CODE: says that the step failed, and keeps what failure_summary tells when all is undone.
report_failure() {
    FAILURE_STEP=$1 FAILURE_PHASE=$2 FAILURE_WHY="$2.sh ended with code $3"
    step_value "$1" timeout
    [ "$3" -ne 124 ] || FAILURE_WHY="$2.sh took longer than $VALUE seconds"
    [ -z "$SIGNAL" ] || FAILURE_WHY="interrupted by SIG$SIGNAL"
    ln -sfn "$RUN" "$STATE/logs/last"
    emit failed "$1" "$(log_field "$1" "$2")"
    step_value "$1" title
    say "  ${RED}✗${PLAIN} $VALUE"
}

# failure_summary: what failed, why, the last lines of its log, and what mends that: the last words of a run that failed.
failure_summary() {
    local log line
    [ -n "$FAILURE_STEP" ] || return 0
    log=$(log_path "$FAILURE_STEP" "$FAILURE_PHASE")
    step_value "$FAILURE_STEP" title
    warn "error: step $FAILURE_STEP failed: $VALUE"
    warn "  why:  $FAILURE_WHY"
    last_lines "$log" 15 | while IFS= read -r line; do
        # A requirement that is not met says its own mend there.
        case $line in '  |     mend: '*) reachable "$line" && line=$REACHED ;; esac
        say "$line"
    done >&2
    # Where the disk was full what it said is lost, and the reason with it.
    [ -s "$log" ] || [ -n "$SIGNAL" ] || warn "  | its log is empty: it said nothing, or the disk was full (df -h $(quoted "$STATE"))"
    [ -n "$SIGNAL" ] || show_fix "$FAILURE_STEP" "$log"
    warn "  log:  $log"
}
