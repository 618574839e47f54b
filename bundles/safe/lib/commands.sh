# The commands that run in the sandbox, and the detached ones that have ended: each has a number and a folder .state/commands/N,
# which only this host writes. Sourced after docker.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it
# shellcheck source=templates/lib/lock.sh
. "$BUNDLE/lib/lock.sh"
# shellcheck source=templates/lib/leash.sh
. "$BUNDLE/lib/leash.sh"

# In a command's folder: `words`, a NUL behind each; `begun`, when, who waits for it and how; `client`, the engine's process; `ended`,
# when there is an end; and of a detached one `log`.
COMMANDS=$STATE/commands
# So many that have ended are kept at least.
COMMANDS_KEPT=20

# command_new: sets COMMAND, the folder of a command with a number that none has had.
command_new() {
    local entry last=0 count=0
    mkdir -p "$COMMANDS" || return 1
    # One digit less than a number may have: what comes after the largest is one, too.
    for entry in "$COMMANDS"/*; do
        whole "${entry##*/}" 8 || continue
        count=$((count + 1))
        [ "$NUMBER" -le "$last" ] || last=$NUMBER
    done
    COMMAND_NUMBER=$((last + 1))
    until mkdir "$COMMANDS/$COMMAND_NUMBER" 2>/dev/null; do
        [ -d "$COMMANDS/$COMMAND_NUMBER" ] || return 1
        COMMAND_NUMBER=$((COMMAND_NUMBER + 1))
    done
    COMMAND=$COMMANDS/$COMMAND_NUMBER
    [ "$count" -le "$COMMANDS_KEPT" ] || forget_commands
}

# forget_commands: those that have ended go, but for the newest detached ones.
forget_commands() {
    local number kept=0
    for number in $(command_numbers); do
        if ! command_is "$number" || [ "$LIVES" != ended ]; then continue; fi
        if [ -e "$COMMANDS/$number/log" ] && [ "$kept" -lt "$COMMANDS_KEPT" ]; then
            kept=$((kept + 1))
        else
            rm -rf "${COMMANDS:?}/$number"
        fi
    done
}

# command_numbers: a line each, the newest first.
command_numbers() {
    local entry
    for entry in "$COMMANDS"/*; do
        if whole "${entry##*/}" 9; then echo "$NUMBER"; fi
    done | sort -rn
}

# command_begins HOW WORD...: from here on it is known; attached or detached. Its mark in the sandbox is AUDIT_ID.
command_begins() {
    printf '%s\0' "${@:2}" >"$COMMAND/words" &&
        echo "$NOW $(date +%s) $AUDIT_ID $SELF $1" >"$COMMAND/begun.new" && mv -f "$COMMAND/begun.new" "$COMMAND/begun"
} 2>/dev/null

# command_ends FOLDER CODE WHY SECONDS: how it ended: of itself, by a signal, since its time was over (time) or with the sandbox.
command_ends() { clock && echo "$NOW $2 $3 $4" >"$1/ended.new" && mv -f "$1/ended.new" "$1/ended"; } 2>/dev/null

# command_is NUMBER: sets what is known of it: BEGAN MARK KEEPER HOW, and LIVES: running, ended or lost (whoever waited for it
# was killed, and what it began may still run); of one that ended also CODE and WHY; LASTED, so many seconds. Fails where there is none.
command_is() {
    local folder=$COMMANDS/$1 begun since
    CODE='' WHY='' LIVES=running
    { read -r BEGAN begun MARK KEEPER HOW <"$folder/begun"; } 2>/dev/null || return 1
    whole "$begun" || return 1
    since=$NUMBER LASTED=''
    ! whole "$(date +%s)" || LASTED=$((NUMBER - since))
    if { read -r _ CODE WHY LASTED <"$folder/ended"; } 2>/dev/null; then
        LIVES=ended
    elif ! process_lives "$KEEPER"; then
        LIVES=lost
        # A sandbox does not outlive its host.
        if [ "${KEEPER##*:}" != "$BOOT" ] || ! sandbox_runs; then LIVES=ended WHY=sandbox LASTED=''; fi
    fi
}

# sandbox_runs: whether it does; it is asked once.
sandbox_runs() {
    local line
    if [ -z "${SANDBOX_RUNS:-}" ]; then
        SANDBOX_RUNS=no
        # Where that cannot be known it may.
        if ! line=$(sandbox_line) || { ours "$line" 3 && has_word 2 "$line" running; }; then SANDBOX_RUNS=yes; fi
    fi
    [ "$SANDBOX_RUNS" = yes ]
}

# command_words NUMBER: sets COMMAND_WORDS, and COMMAND_LINE, the same as a shell takes them, in one line.
command_words() {
    local word
    COMMAND_WORDS=() COMMAND_LINE=''
    while IFS= read -r -d '' word; do
        COMMAND_WORDS+=("$word")
        case $word in '' | *[!a-zA-Z0-9@%+=:,./_-]*) word=$(quoted "$word") ;; esac
        COMMAND_LINE="$COMMAND_LINE ${word//$'\n'/\\x0a}"
    done <"$COMMANDS/$1/words"
    COMMAND_LINE=${COMMAND_LINE# }
}

# command_state: sets SHOWN_STATE: how the command that command_is has looked at is, in a word or two.
command_state() {
    local why=''
    case $WHY in signal | time) why=" ($WHY)" ;; sandbox) why=" (with the sandbox)" ;; esac
    case $LIVES$HOW in
    runningdetached) SHOWN_STATE=runs ;;
    runningattached) SHOWN_STATE="runs, attached" ;;
    lost*) SHOWN_STATE=lost ;;
    *) if whole "$CODE"; then SHOWN_STATE="exit $NUMBER$why"; else SHOWN_STATE="ended$why"; fi ;;
    esac
}

# running_commands: those that run, or may, a line "NUMBER: WORDS" each: a sandbox that stops ends them.
running_commands() {
    local number
    for number in $(command_numbers); do
        if command_is "$number" && [ "$LIVES" != ended ] && command_words "$number"; then printf '%s: %s\n' "$number" "$COMMAND_LINE"; fi
    done
}

# say_running WORDS: says of each what becomes of it.
say_running() {
    local line
    while IFS= read -r line; do [ -z "$line" ] || say "$1 $line"; done < <(running_commands)
}

# command_json NUMBER: what command_is and command_words have found.
command_json() {
    printf '{"number":%s,"began":"%s","seconds":%s,"how":"%s","state":"%s","exit":%s,"ended_by":%s,"id":"%s","command":[%s]}' \
        "$(json_number "$1")" "$BEGAN" "$(json_number "$LASTED")" "$HOW" "$LIVES" "$(json_number "$CODE")" "$(text_or_null "$WHY")" \
        "$MARK" "$(json_strings ${COMMAND_WORDS[@]+"${COMMAND_WORDS[@]}"})"
}

# commands_json: the document of all that are shown.
commands_json() {
    local number comma=''
    printf '{"schema":1,"commands":['
    for number in $(shown_commands); do
        command_is "$number" && command_words "$number" && printf '%s' "$comma" && command_json "$number"
        comma=,
    done
    printf ']}\n'
}

# output_json NUMBER: the document of one, with what it printed, which is standard input.
output_json() {
    local line lines=()
    while IFS= read -r line; do lines+=("$line"); done
    printf '{"schema":1,"command":'
    command_is "$1" && command_words "$1" && command_json "$1"
    printf ',"output":[%s]}\n' "$(json_strings ${lines[@]+"${lines[@]}"})"
}

# shown_commands: the numbers of those that run, and of the detached ones that have ended.
shown_commands() {
    local number
    for number in $(command_numbers); do
        if command_is "$number" && [ "$HOW$LIVES" != attachedended ]; then echo "$number"; fi
    done
}

# end_command NUMBER SIGNAL: has it ended by whoever waits for it, with all that it began. Where nobody waits any more, it is ended
# from here. Fails when it did not end.
end_command() {
    local tries=0
    command_is "$1" || return 0
    case $LIVES in
    running) signal_process "$2" "$KEEPER" ;;
    ended) [ ! -e "$COMMANDS/$1/left" ] || { rm -f "$COMMANDS/$1/left" && end_lost "$COMMANDS/$1"; } ;;
    lost) end_lost "$COMMANDS/$1" && command_ends "$COMMANDS/$1" - signal "$LASTED" ;;
    esac
    # What it changed is written down meanwhile, too.
    until [ -e "$COMMANDS/$1/ended" ]; do
        tries=$((tries + 1))
        process_lives "$KEEPER" && [ "$tries" -lt 300 ] || break
        sleep 0.2
    done
    [ ! -e "$COMMANDS/$1/left" ] && { [ -e "$COMMANDS/$1/ended" ] || [ "$LIVES" = ended ]; }
}

# end_lost FOLDER: what was left of it is the engine's client, which in a machine is what the command hangs on, and what the mark is on.
end_lost() {
    local client
    ! { read -r client <"$1/client"; } 2>/dev/null || signal_process KILL "$client" || :
    COMMAND=$1 AUDIT_ID=$MARK leash_end
}

# end_commands: all of them, since the sandbox is about to stop: each first writes down what it changed, as its own.
end_commands() {
    local number
    # All at once, and then each is waited for.
    for number in $(command_numbers); do
        if [ ! -e "$COMMANDS/$number/ended" ] && command_is "$number" && [ "$LIVES" = running ]; then signal_process USR2 "$KEEPER"; fi
    done
    for number in $(command_numbers); do
        [ -e "$COMMANDS/$number/ended" ] || end_command "$number" USR2 ||
            warn "the command $number did not end in time; it ends with the sandbox"
    done
}

# start_detached WORD...: starts this script once more, for good, in a session of its own, and ends it when that has begun. What stands in its
# way the other one has said.
start_detached() {
    local number
    # The folder where somebody stands is theirs to unmount. Not a list with &&: that is a process which has what we print to open.
    number=$(
        cd /
        setsid "$BASH" "$BUNDLE/scripts/connect.sh" --detached "$@" </dev/null 3>&1 >/dev/null &
    ) || number=''
    whole "$number" 9 || exit "$EX_REFUSED"
    echo "$NUMBER"
    warn "gen: it goes on as $NUMBER: scripts/logs.sh $NUMBER, scripts/kill.sh $NUMBER"
    exit "$EX_DONE"
}

# keep_output: makes the log, and what writes it: each line written out, and of much the beginning and the newest end.
keep_output() {
    local pipe=$COMMAND/pipe
    # shellcheck source=templates/lib/log.sh
    . "$BUNDLE/lib/log.sh"
    # Nobody who prints something can know it.
    LOG_MARK="log $(random_word 16)" LOG_EMPTY_LINES=yes
    : >"$COMMAND/log" && mkfifo -m 600 "$pipe" || return 1
    write_logs <"$pipe" >/dev/null 3>&- &
    writer=$!
    exec 4>"$pipe" && rm -f "$pipe"
    printf '%s %s\n' "$LOG_MARK" "$COMMAND/log" >&4
}

# go_on_alone: says the number to whoever waits for it; from here on all that is printed goes to the log.
go_on_alone() { echo "$COMMAND_NUMBER" >&3 && exec 3>&- >&4 2>&1 4>&-; }

# output_is_kept: returns when all of it is in the log.
output_is_kept() {
    exec >/dev/null 2>&1
    wait "$writer"
}

# known_command TEXT: sets COMMAND_NUMBER, or ends the script where there is no command of that number.
known_command() {
    COMMAND_NUMBER=none
    whole "$1" 9 && COMMAND_NUMBER=$NUMBER
    command_is "$COMMAND_NUMBER" || fail "$EX_USAGE" "there is no command ${1:-without a number}" "" "scripts/ps.sh"
}
