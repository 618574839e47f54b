# One run at a time. The lock is a symbolic link whose target names its owner: made in one step, and complete when it is there.
# shellcheck shell=bash

LOCK=$STATE/lock

boot_id() {
    local id
    { read -r id </proc/sys/kernel/random/boot_id; } 2>/dev/null && echo "$id" && return
    sysctl -n kern.boottime 2>/dev/null | tr -c 'A-Za-z0-9\n' '-' || echo none
}

# started_at PID: sets STARTED, when the process began. A number that the kernel gave out again does not pass for the old process.
started_at() {
    local line
    STARTED=''
    if [ -r /proc/self/stat ]; then
        { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
        # The name may hold spaces and brackets: what counts stands behind the last bracket.
        line=${line##*) }
        # shellcheck disable=SC2086 # split on purpose: the twentieth word is the start time
        set -- $line
        case $1 in Z | X) return 1 ;; esac
        STARTED=${20}
    else
        STARTED=$(ps -o lstart= -p "$1" | tr -c 'A-Za-z0-9\n' '-')
    fi
}

BOOT=$(boot_id)
process_name() {
    started_at "$1"
    echo "$1:$STARTED:$BOOT"
}
SELF=$(process_name $$)

# process_lives NAME: whether the process of that name (pid:start:boot) still runs. One that had ended when it was named has no start.
process_lives() {
    case $1 in *::*) return 1 ;; esac
    whole "${1%%:*}" 10 && started_at "$NUMBER" 2>/dev/null && [ "$NUMBER:$STARTED:$BOOT" = "$1" ]
}

# signal_process SIGNAL NAME: of a number that was noted before, the kernel may have made another process since.
signal_process() { process_lives "$2" && kill -s "$1" "${2%%:*}" 2>/dev/null; }

lock_owner() { readlink "$LOCK" 2>/dev/null; }

# A lock that a dead owner left is taken away under a lock of its own, so that nobody takes away a fresh one.
lock_break() {
    local owner=$1
    mkdir "$LOCK.break" 2>/dev/null || { sleep 0.1; return; }
    [ "$(lock_owner)" != "$owner" ] || rm -f "$LOCK"
    rmdir "$LOCK.break"
}

# lock_respect: refuses, naming the owner, while a living process holds the lock.
lock_respect() {
    local owner
    owner=$(lock_owner)
    [ -n "$owner" ] && process_lives "$owner" || return 0
    fail "$EX_REFUSED" "another run of this bundle is under way" "process ${owner%%:*} holds the lock" \
        "wait for it, or end it: kill ${owner%%:*}"
}

# lock_take: takes the lock or refuses, naming the owner. A process that died under kill -9 does not hold it.
lock_take() {
    local owner tries=0
    mkdir -p "$STATE" 2>/dev/null && [ -w "$STATE" ] ||
        fail "$EX_REFUSED" "the state folder cannot be written" "$STATE" "chmod u+w $(quoted "$BUNDLE")"
    until ln -s "$SELF" "$LOCK" 2>/dev/null; do
        lock_respect
        owner=$(lock_owner)
        tries=$((tries + 1))
        # A lock.break that somebody left when they were killed is theirs no longer after this long.
        [ "$tries" -lt 50 ] || rmdir "$LOCK.break" 2>/dev/null
        [ "$tries" -lt 100 ] || fail "$EX_REFUSED" "the lock cannot be taken" "$LOCK" "rm $(quoted "$LOCK")"
        [ -z "$owner" ] || lock_break "$owner"
    done
}

lock_release() {
    [ "$(lock_owner)" != "$SELF" ] || rm -f "$LOCK"
}
