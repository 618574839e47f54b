# Read by every bash of a run, through BASH_ENV: an unmodified script is tested. It numbers the commands of a script, those
# of its functions and subshells too, and at the one that FAULT_AT names does what FAULT_KIND says.
# FAULT_SCRIPT: the script's path below the bundle; FAULT_NTH: which start of it in the run; FAULT_DIR: a folder of ours.
# With FAULT_COUNT=yes it only counts, every script of the run.
# shellcheck shell=bash

fault_name=${0##*/steps/}
[ "$fault_name" = "$0" ] || fault_name=steps/$fault_name
[ -z "${FAULT_ALSO:-}" ] || [ "${0##*/}" != "$FAULT_ALSO" ] || fault_name=$FAULT_ALSO
fault_starts=$FAULT_DIR/${fault_name//\//_}

# A script that a fault needs to fail on its way: it runs to its end and then says that it did not work.
if [ "$fault_name" = "${FAULT_LATE:-none}" ]; then trap 'exit 1' EXIT; fi

case $fault_name in
"${FAULT_SCRIPT:-none}") fault_here=yes ;;
*) fault_here=${FAULT_COUNT:-} ;;
esac
[ "$fault_name" != "$0" ] || [ "$fault_name" = "${FAULT_ALSO:-}" ] || fault_here=''

if [ -n "$fault_here" ]; then
    fault_start=0
    [ ! -s "$fault_starts.starts" ] || read -r fault_start <"$fault_starts.starts"
    fault_start=$((fault_start + 1))
    echo "$fault_start" >"$fault_starts.starts"
    if [ -n "${FAULT_COUNT:-}" ] || [ "$fault_start" = "${FAULT_NTH:-1}" ]; then
        # In a file, since a subshell's count would be lost to whoever called it.
        fault_counter=$fault_starts.$fault_start.count
        echo 0 >"$fault_counter"
        set -o functrace
        fault_path=$PATH

        fault_point() {
            local at
            PATH=$fault_path
            # Empty while another subshell writes it.
            until read -r at <"$fault_counter"; do :; done
            at=$((at + 1))
            echo "$at" >"$fault_counter"
            [ -z "${FAULT_COUNT:-}" ] || fault_note "$at" "$1"
            [ "$at" = "${FAULT_AT:-0}" ] || return 0
            [ ! -e "$FAULT_DIR/hit" ] || return 0
            echo "$1" >"$FAULT_DIR/hit"
            "fault_$FAULT_KIND" "$1"
        }
        # Whether a command can change anything: a program, or one that writes. Between two of these a kill leaves the same.
        fault_note() {
            local word=${2%% *} effect=-
            if [[ $2 == *\>* ]] || [ "$(type -t "$word")" = file ]; then effect=effect; fi
            printf '%s %s %s\n' "$1" "$effect" "${2%%$'\n'*}" >>"$fault_starts.$fault_start.points"
        }
        fault_kill() {
            kill -KILL -- "-$FAULT_GROUP"
            kill -KILL 0
        }
        # A program is not found for this once; anything else ends the script there.
        fault_fail() {
            local word=${1%% *}
            if [ "$(type -t "$word")" = file ]; then PATH=/nothing-here; else exit 1; fi
        }
        fault_hang() { sleep 600; }
        fault_full() { cat /dev/zero >"$FAULT_FILL" 2>/dev/null || :; }
        fault_daemon() { "$FAULT_ENGINE" kill "$FAULT_LANE" >/dev/null 2>&1; }
        trap 'fault_point "$BASH_COMMAND"' DEBUG
    fi
fi
