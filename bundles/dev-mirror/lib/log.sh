# The log of each script that a step runs: .state/logs/RUN/STEP.PHASE.log. A line has the time (UTC) before it; what could
# steer a terminal is written out (\x1b); a log that grows too large keeps its beginning and its newest end. One process
# writes them all, one after the other. Sourced by process.sh.
# shellcheck shell=bash

LOG_LIMIT=$((4 << 20)) LOG_BEGINNING=$((1 << 20)) LOG_NEWEST=$((2 << 20))
LONGEST_LINE=4096

# What tells the writer that a script begins (with the log's name behind it) or has ended. Whatever a script left running may
# hold the pipe for ever.
LOG_MARK='' LOG_WRITER=''

# log_path STEP PHASE
log_path() { echo "$STATE/logs/$RUN/$1.$2.log"; }

# open_logs: one pipe without a name for all scripts of this run, and one for the writer's answers. Scripts write to 9, and the
# writer reads 8; it answers into 6, and we read 5. Where none can be made (a full disk) the run goes on without logs: an undo
# is worth more than what it prints.
open_logs() {
    local lines=$STATE/log.pipe answers=$STATE/log.answers
    # Nobody who prints something can know it, or the rest of what they print would be written wherever they say.
    LOG_MARK="end of log $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    [ ! -e "$lines" ] && [ ! -e "$answers" ] || rm -f "$lines" "$answers"
    if mkfifo -m 600 "$lines" "$answers" 2>/dev/null; then
        # Neither end can be opened without the other; 7 is both, for a moment.
        # shellcheck disable=SC2094 # they are pipes
        exec 7<>"$lines" 8<"$lines" 9>"$lines" 7<>"$answers" 5<"$answers" 6>"$answers" 7>&-
    else
        warn "no logs can be written: df -h $(quoted "$STATE")"
        exec 9>/dev/null
        LOG_WRITER=none
    fi
    rm -f "$lines" "$answers"
}

# begin_log FILE: what comes through the pipe from now on belongs there. A writer that somebody has ended is replaced.
begin_log() {
    [ -n "$LOG_MARK" ] || open_logs
    [ "$LOG_WRITER" != none ] || return 0
    if [ -z "$LOG_WRITER" ] || ! process_lives "$LOG_WRITER"; then
        write_logs <&8 >&6 5<&- 6>&- 8<&- 9>&- &
        LOG_WRITER=$(process_name $!)
    fi
    printf '%s %s\n' "$LOG_MARK" "$1" >&9
}

# end_log: returns when all that the script printed is in its log.
end_log() {
    [ "$LOG_WRITER" != none ] || return 0
    printf '\n%s\n' "$LOG_MARK" >&9 2>/dev/null
    until read -r -t 1 -u 5 _; do process_lives "$LOG_WRITER" || return 0; done
}

# write_logs: the lines of standard input, up to the mark, are added to the log that the mark before them names; each mark at
# the end is answered. Empty lines are left out, but where LOG_EMPTY_LINES says otherwise. It goes on when a log cannot be written any more: nobody has to wait for a full
# disk.
write_logs() {
    local line file='' stamp='' second='' size=0 left_out=0
    trap '' INT TERM HUP QUIT PIPE
    exec 2>/dev/null 3>/dev/null
    while IFS= read -r -n "$LONGEST_LINE" line || [ -n "$line" ]; do
        line=${line%$'\r'}
        case $line in
        '') [ -n "${LOG_EMPTY_LINES:-}" ] || continue ;;
        "$LOG_MARK") exec 3>/dev/null && echo && continue ;;
        "$LOG_MARK "*)
            file=${line#"$LOG_MARK "} size=0 left_out=0
            exec 3>>"$file" || exec 3>/dev/null
            if [ -s "$file" ] && whole "$(wc -c <"$file")"; then size=$NUMBER; fi
            continue
            ;;
        *[$'\001'-$'\010'$'\013'-$'\037'$'\177'-$'\377']*) write_out "$line" && line=$WRITTEN ;;
        esac
        # One call of `date` a second at most, however many lines there are.
        [ "$SECONDS" = "$second" ] || { second=$SECONDS && clock && stamp=$NOW; }
        printf '%s %s\n' "$stamp" "$line" >&3
        size=$((size + ${#stamp} + ${#line} + 2))
        [ "$size" -le "$LOG_LIMIT" ] || shorten_log "$file"
    done
}

# shorten_log FILE: leaves out the middle of a log that write_logs has open. At no moment is there no log.
shorten_log() {
    local before=$size
    left_out=$((left_out + size - LOG_BEGINNING - LOG_NEWEST))
    {
        head -c "$LOG_BEGINNING" "$1" | sed '$d'
        printf '%s … %s bytes are left out here: a log has room for %s\n' "$stamp" "$left_out" "$LOG_LIMIT"
        tail -c "$LOG_NEWEST" "$1" | sed 1d
    } >"$1.new" && mv -f "$1.new" "$1" && exec 3>>"$1" && whole "$(wc -c <"$1")" && size=$NUMBER && return
    # It could not be made shorter, and so it must not grow.
    rm -f "$1.new"
    size=$before
    exec 3>/dev/null
}

# last_lines FILE COUNT: the end of a log for a person: without the times, and without what a build shows of its Dockerfile, which hides
# what was said.
last_lines() {
    tail -n 60 "$1" 2>/dev/null | without_times | grep -avE '^( *[0-9]+ \|.*|-{3,}|Dockerfile:[0-9]+)$' | tail -n "$2" | sed 's/^/  | /'
}

without_times() { sed 's/^[0-9-]*T[0-9:]*Z //'; }
