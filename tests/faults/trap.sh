# Read by every bash of a run, through BASH_ENV. In the script that FAULT_SCRIPT names it counts the commands, and at the
# FAULT_AT-th it kills the whole run with SIGKILL, or makes that command fail. An unmodified script is tested this way.
# shellcheck shell=bash
case $0 in
*/steps/"${FAULT_SCRIPT:-none}")
    set -o functrace
    [ "${FAULT_KIND:-kill}" != fail ] || shopt -s extdebug
    FAULT_COUNT=0
    fault_point() {
        FAULT_COUNT=$((FAULT_COUNT + 1))
        [ -z "${FAULT_LOG:-}" ] || echo "$FAULT_COUNT" >"$FAULT_LOG"
        [ "$FAULT_COUNT" -eq "${FAULT_AT:-0}" ] || return 0
        touch "$FAULT_HIT"
        if [ "$FAULT_KIND" = fail ]; then
            trap - DEBUG
            exit 1
        fi
        kill -KILL -- "-$FAULT_GROUP"
        kill -KILL 0
    }
    trap fault_point DEBUG
    ;;
esac
