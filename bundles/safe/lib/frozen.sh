# The sandbox is frozen for moments, to end a command with all that it began: what that leaves where it is killed goes on with the next
# script. Sourced by storage.sh.
# shellcheck shell=bash disable=SC2034,SC2153 # names of other files of this folder

# find_group: sets GROUP, the folder of the sandbox's control group that can be frozen; fails where this host does not see one.
find_group() {
    local PID RUNTIME
    [ "$BACKEND" = docker ] && find_process || return 1
    GROUP=$(control_group freezer)
    [ -n "$GROUP" ] || GROUP=$(control_group '')
    case $GROUP in *"$(sandbox_id)"*) ;; *) return 1 ;; esac
}

# For the control group $3, in either version of them.
# shellcheck disable=SC2016 # that shell expands it
FREEZE='group=$3 freeze=$3/cgroup.freeze cold=1 warm=0
[ -e "$freeze" ] || freeze=$3/freezer.state cold=FROZEN warm=THAWED
'

# There while a command's end has the sandbox frozen; and afterwards, where that was killed.
FROZEN=$STATE/frozen

# thaw_left: what was left frozen goes on; what its owner paused stays so. For one at a time.
thaw_left() {
    local GROUP
    [ -e "$FROZEN" ] || return 0
    # shellcheck disable=SC2016 # that shell expands it
    if find_group && [ "$(docker inspect --format '{{.State.Paused}}' "$(sandbox_id)")" = false ]; then
        mount_tool sh -c "$FREEZE"'[ "$(cat "$freeze")" = "$warm" ] || echo "$warm" >"$freeze"' thaw '' '' "$GROUP" || return 1
    fi
    rm -f "$FROZEN"
}

# one_freezes COMMAND...: runs it while nobody else freezes or thaws. The lock is where nobody in the sandbox can hold it.
one_freezes() { { flock --wait 20 8 && "$@"; } 8>"$STATE/frozen.lock"; }
