# Read by every bash of a run, through BASH_ENV: unmodified scripts are tested. It numbers the commands of a script, those
# of its functions and subshells too, and at the FAULT_AT-th of FAULT_SCRIPT does what FAULT_KIND says.
#
# FAULT_SCRIPT   the script's path below the bundle, and FAULT_NTH which start of it within the run
# FAULT_DIR      a folder of ours for counters and for what was hit
# FAULT_COUNT    a pattern: nothing is done, but the commands of the scripts that it fits are written down
# FAULT_LATE     a script that runs to its end and then says that it did not work
# shellcheck shell=bash disable=SC2123,SC2153,SC2209

case $0 in
*/steps/*) fault_name=steps/${0##*/steps/} ;;
*/scripts/*) fault_name=scripts/${0##*/} ;;
*.sh) fault_name=${0##*/} ;;
*) return 0 ;;
esac
if [ "$fault_name" = "${FAULT_LATE:-none}" ]; then trap 'exit 1' EXIT; fi

# What is started with the words of a function is known only there. Sets COMMAND, and STARTS if that is a program.
fault_command() {
    COMMAND=$1 STARTS=yes
    shift
    # shellcheck disable=SC2016 # bash gives a command as it is written
    case $COMMAND in
    'command "${WORDS[@]}"') COMMAND=${WORDS[*]} ;;
    '"${LIMITED[@]}" "$@"') COMMAND=$* ;;
    '"$@"'*) if [ "${1:-}" = command ]; then COMMAND=${*:2}; else STARTS=''; fi ;;
    *) fault_is_program "${COMMAND%% *}" || STARTS='' ;;
    esac
}

# Whether a word is a program, and neither bash's own nor a function. No process is started to know that: this is asked at
# every command.
fault_is_program() {
    case $1 in *[=\"\'\$]*) return 1 ;; esac
    case $FAULT_WORDS in *" $1 "*) return 1 ;; esac
    ! declare -F -- "$1" >/dev/null && type -P -- "$1" >/dev/null
}

# Whether a command can change anything: it is a program, or it writes into a file.
fault_note() {
    local kind=- word=${2%% *} bare=${2//2> \/dev\/null/}
    case $word in
    *=* | case | '[' | '[[' | '((' | for | local) ;;
    *) if [ -n "$STARTS" ]; then kind=program; elif [[ ${bare//>&/} == *' > '* || $bare == *'>>'* ]]; then kind=write; fi ;;
    esac
    printf '%s %s %s\n' "$1" "$kind" "$2" >>"$fault_base.points"
}

fault_point() {
    local at
    # What goes on beside the rest would make the numbers differ from run to run: it shows the time that passes, or holds the disk.
    case " ${FUNCNAME[*]} " in
    *' tick '*) [ "$BASH_SUBSHELL" -eq 0 ] || return 0 ;;
    *' hold_disk '*) return 0 ;;
    esac
    # What is asked of a fault is in the environment, which this goes through.
    # shellcheck disable=SC2016 # bash gives a command as it is written
    case $1 in 'for name in $(compgen -e)' | 'case $name in '* | 'export -n "${name?}"') return 0 ;; esac
    PATH=$FAULT_PATH
    # After the fault nothing is counted any more: to go through a long journal would take minutes.
    [ ! -e "$FAULT_DIR/hit" ] || { trap - DEBUG && return 0; }
    # The parts of a pipeline count at once. Who counts has the one letter that is in the pipe; a handler of a signal that comes
    # just then would wait for itself.
    read -rn 1 -t 2 -u "$fault_turn" _
    read -r at <"$fault_base.count"
    at=$((at + 1))
    echo "$at" >"$fault_base.count"
    printf x >&"$fault_turn"
    if [ -n "${FAULT_COUNT:-}" ]; then
        fault_command "$@"
        fault_note "$at" "$COMMAND"
        return 0
    fi
    [ "$at" = "$FAULT_AT" ] || return 0
    fault_command "$@"
    echo "$COMMAND" >"$FAULT_DIR/hit"
    case $FAULT_KIND in
    kill)
        kill -KILL -- "-$FAULT_GROUP"
        kill -KILL 0
        ;;
    fail) # a program is not found, for this once; anything else ends the script there
        [ -n "$STARTS" ] || exit 1
        PATH=/nothing-here
        ;;
    hang) sleep 600 ;;
    daemon) "$FAULT_ENGINE" kill "$FAULT_LANE" >/dev/null 2>&1 ;;
    inject) PATH=$FAULT_DIR/bin:$PATH ;;
    esac
    return 0
}

# shellcheck disable=SC2254 # it is a pattern
case $fault_name in "${FAULT_SCRIPT:-none}" | ${FAULT_COUNT:-none}) fault_here=yes ;; *) fault_here='' ;; esac
if [ -n "$fault_here" ]; then
    fault_base=$FAULT_DIR/${fault_name//\//,}
    fault_start=0
    [ ! -s "$fault_base.starts" ] || read -r fault_start <"$fault_base.starts"
    fault_start=$((fault_start + 1))
    echo "$fault_start" >"$fault_base.starts"
    if [ -n "${FAULT_COUNT:-}" ] || [ "$fault_start" = "$FAULT_NTH" ]; then
        fault_base=$fault_base,$fault_start
        # In a file, since a subshell's count would be lost to whoever called it.
        echo 0 >"$fault_base.count"
        mkfifo "$fault_base.turn"
        exec {fault_turn}<>"$fault_base.turn"
        printf x >&"$fault_turn"
        export FAULT_PATH=$PATH
        if [ -z "${FAULT_WORDS:-}" ]; then
            FAULT_WORDS=$(compgen -b -k)
            export FAULT_WORDS=" ${FAULT_WORDS//$'\n'/ } "
        fi
        set -o functrace
        trap 'fault_point "$BASH_COMMAND" "$@"' DEBUG
    fi
fi
