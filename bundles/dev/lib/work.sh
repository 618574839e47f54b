# What a script does for a while, outside of any step, and takes back at its end: a sandbox that is paused or stopped, a helper, a
# file that is not whole. It is written down before it is done, so that after a kill whoever comes next takes it back. Sourced by the
# runner.
# shellcheck shell=bash

# A line each, "WHAT ARGUMENT", the last one first to be taken back. Only whoever holds the lock writes or reads it.
WORK=$STATE/work
# Whether this script has written something there.
WORKING=''

# taking_back WHAT [ARGUMENT]: from here on that is to be taken back. Nothing is done that cannot be written down.
taking_back() {
    { [ -z "$WORKING" ] || cat "$WORK"; echo "$*"; } | write_durably "$WORK" ||
        fail "$EX_FAILED" "what is about to be done cannot be written down, so it is not done" "$WORK" "df -h $(quoted "$STATE")"
    WORKING=yes
}

# take_back: takes back all of it. Fails, and keeps what is written down, when something is left.
take_back() {
    WORKING=''
    take_back_all && return
    warn "error: what was begun could not be taken back: $(tr '\n' ';' <"$WORK") scripts/recover.sh tries again"
    return 1
}

take_back_all() {
    local lines line left=0
    # A note that was cut off in the middle: what it speaks of was not begun.
    rm -f "$WORK.new"
    [ -s "$WORK" ] || return 0
    # shellcheck source=templates/lib/docker.sh
    . "$BUNDLE/lib/docker.sh"
    # shellcheck source=templates/lib/storage.sh
    . "$BUNDLE/lib/storage.sh"
    # shellcheck source=templates/lib/sandbox.sh
    . "$BUNDLE/lib/sandbox.sh"
    # What a helper was doing must not go on.
    engine_answers && end_tools && lines=$(<"$WORK") || return 1
    while [ -n "$lines" ]; do
        line=${lines##*$'\n'}
        take_back_one "${line%% *}" "${line#* }" || left=1
        case $lines in *$'\n'*) lines=${lines%$'\n'*} ;; *) lines='' ;; esac
    done
    [ "$left" -eq 0 ] && rm -f "$WORK"
}

take_back_one() { # WHAT ARGUMENT
    case $1 in
    paused) sandbox_runs_again paused ;;
    stopped) sandbox_runs_again exited ;;
    attached) detach >/dev/null ;;
    file) remove_half "$2" ;;
    size) back_to_size "$2" ;;
    *) warn "this bundle does not know what is to be taken back: $1" && return 1 ;;
    esac
}

# sandbox_runs_again STATE: our sandbox goes on, if a script has left it in that state. One that cannot be started again is named, and
# mended by scripts/start.sh.
sandbox_runs_again() {
    local line
    line=$(sandbox_line) || return 1
    ours "$line" 3 && has_word 2 "$line" "$1" || return 0
    if [ "$1" = paused ]; then
        thaw_sandbox || return 1
    elif ! attach >/dev/null || ! docker start "$(sandbox_id)" >/dev/null; then
        warn "the sandbox was stopped and could not be started again: scripts/start.sh"
        return 0
    fi
    # The engine's health check counts a pause as a failure until it looks again.
    healthy_within 45 || warn "the sandbox is not healthy yet: scripts/status.sh"
}

# remove_half FILE: what was written in part, be it an archive with its checksum or a disk image; a second name that the present image
# got goes too.
remove_half() {
    local tries=0 kept
    case $1 in
    "$BACKUPS"/*.part) [ -e "${1%.part}" ] || rm -f "${1%.part}.sha256" ;;
    "$IMAGE.new")
        # The mount of a helper that was ended goes a moment later.
        while [ -n "$(named_loops "${1##*/}")" ] && [ "$tries" -lt 100 ]; do tries=$((tries + 1)) && sleep 0.1; done
        for kept in "$STORAGE"/kept/*.img; do
            if [ "$kept" -ef "$IMAGE" ]; then rm -f "$kept"; fi
        done
        rmdir "$STORAGE/kept" 2>/dev/null || :
        ;;
    *) return 1 ;;
    esac
    rm -f "$1"
}

# back_to_size BYTES: the disk image is no larger than its filesystem has become. What the kernel has is asked of the device.
back_to_size() {
    local device
    whole "$1" 18 || return 1
    device=$(attached_device)
    whole "$(loop_tool dumpe2fs -h "${device:-$IMAGE}" 2>/dev/null | filesystem_size)" 18 || return 1
    [ "$NUMBER" -le "$1" ] || return 0
    truncate -s "$1" "$IMAGE" && { [ -z "$device" ] || loop_tool losetup --set-capacity "$device"; }
}

# recover_work: what a script that was killed had begun.
recover_work() {
    [ -s "$WORK" ] || { rm -f "$WORK.new" && return; }
    say "A script was cut off. Taking back what it began."
    # The engine does what it was asked, also for nobody.
    engine_settle
    take_back && return
    RESULT=residue
    fail "$EX_RESIDUE" "an interrupted script could not be undone whole" "what is left is named above" "mend that, then run scripts/recover.sh again"
}

# at_exit: what is done at a script's end, however it comes. One that has something else to put in order puts its own here. In a trap
# each plain `return` gives back what was before the trap, so this is a process of its own.
at_exit() {
    # shellcheck disable=SC2016 # that shell expands it
    [ -z "$WORKING" ] || "$BASH" -c '. "$0/lib/common.sh" && . "$BUNDLE/lib/work.sh" && take_back' "$BUNDLE"
}
