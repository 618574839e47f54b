# What a person sees while a run goes on, and when it fails. Sourced by the runner.
# shellcheck shell=bash

TICKER=''

# tick TITLE: shows that a long step goes on: elapsed time on a terminal, a line each half minute elsewhere.
tick() {
    local runner
    runner=$(process_name $$)
    (
        seconds=0
        # A runner that was killed is not followed on, not even while nobody has reaped it.
        while sleep 1 && process_lives "$runner"; do
            seconds=$((seconds + 1))
            if [ -t 1 ]; then printf '\r  %s … %ss ' "$1" "$seconds"; elif [ $((seconds % 30)) -eq 0 ]; then say "  … $1: ${seconds}s"; fi
        done
    ) 2>/dev/null &
    TICKER=$!
}

tick_end() {
    [ -n "$TICKER" ] || return 0
    kill "$TICKER" 2>/dev/null
    wait "$TICKER" 2>/dev/null
    TICKER=''
    [ ! -t 1 ] || printf '\r\033[K'
}

# json TEXT: as it may stand between the quotes of a JSON string.
json() { printf '%s' "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# emit EVENT STEP [FIELDS]: one JSON line for whoever follows the run, in the file that GEN_EVENTS names. Nobody has to:
# a line that cannot be written is no error.
emit() {
    local title=$GEN_NAME
    [ -n "${GEN_EVENTS:-}" ] || return 0
    [ "$2" = - ] || title=$(step_value "$2" title)
    printf '{"schema":1,"time":"%s","run":"%s","event":"%s","step":"%s","title":"%s"%s}\n' \
        "$(now)" "${RUN:--}" "$1" "$2" "$(json "$title")" "${3:-}" >>"$GEN_EVENTS" 2>/dev/null || :
}

# log_field STEP PHASE: the event's field that names the log.
log_field() { printf ',"log":"%s"' "$(json ".state/logs/$RUN/$1.$2.log")"; }

# report_failure STEP PHASE CODE: what failed, the last lines of its log, and the step's hint.
report_failure() {
    ln -sfn "$RUN" "$STATE/logs/last"
    emit failed "$1" "$(log_field "$1" "$2")"
    local log=$STATE/logs/$RUN/$1.$2.log why="$2.sh ended with code $3"
    [ "$3" -ne 124 ] || why="$2.sh took longer than $(step_value "$1" timeout) seconds"
    [ -z "$SIGNAL" ] || why="interrupted by SIG$SIGNAL"
    warn "error: step $1 failed: $(step_value "$1" title)"
    warn "  why:  $why"
    tail -n 15 "$log" 2>/dev/null | sed 's/[[:cntrl:]]\[[0-9;]*m//g; s/^/  | /' >&2
    [ -n "$SIGNAL" ] || warn "  mend: $(step_value "$1" hint)"
    warn "  log:  $log"
}
