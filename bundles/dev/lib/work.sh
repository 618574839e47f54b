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
    write_durably "$WORK" work_and "$*" ||
        fail "$EX_FAILED" "what is about to be done cannot be written down, so it is not done" "$WORK" "df -h $(quoted "$STATE")"
    WORKING=yes
}

work_and() { { [ ! -e "$WORK" ] || cat "$WORK"; } && printf '%s\n' "$1"; }

# work_left: a line for each thing that a script which was cut off has left, the first to be taken back first. For whoever only looks.
work_left() {
    local line
    [ -s "$WORK" ] || return 0
    awk '{ line[NR] = $0 } END { for (n = NR; n > 0; n--) print line[n] }' "$WORK" | while IFS= read -r line; do
        case $line in
        paused*) echo "the sandbox was paused, and goes on" ;;
        stopped*) echo "the sandbox was stopped, and is started again" ;;
        attached*) echo "the disk image was put on a loop device, and goes off it" ;;
        'file '*) echo "this was written in part, and is removed: ${line#file }" ;;
        size*) echo "the disk image was made larger, and gets the size of its filesystem" ;;
        *) echo "what this bundle does not know: $line" ;;
        esac
    done
}

# take_back: takes back all of it. Fails when something is left, which is named with its mend and stays written down.
take_back() {
    WORKING=''
    take_back_all && return
    warn "scripts/recover.sh tries again"
    return 1
}

take_back_all() {
    local lines line left=''
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
    if ! engine_answers || ! end_tools || ! lines=$(<"$WORK"); then
        warn "error: what was begun could not be taken back: $(tr '\n' ';' <"$WORK")"
        return 1
    fi
    while [ -n "$lines" ]; do
        line=${lines##*$'\n'}
        WHY='' MEND=''
        if ! take_back_one "${line%% *}" "${line#* }"; then
            left=$line${left:+$'\n'$left}
            warn "error: what was begun could not be taken back: $line${WHY:+: $WHY}"
            warn "  mend: ${MEND:-scripts/status.sh}"
        fi
        case $lines in *$'\n'*) lines=${lines%$'\n'*} ;; *) lines='' ;; esac
    done
    [ -n "$left" ] || { rm -f "$WORK" && return; }
    write_durably "$WORK" printf '%s\n' "$left"
    return 1
}

# take_back_one WHAT ARGUMENT: what it was written down for may be no more: then there is nothing to take back. Otherwise it may set WHY
# it is not taken back, and the MEND.
take_back_one() {
    case $1 in
    paused) sandbox_runs_again paused ;;
    stopped) sandbox_runs_again exited ;;
    attached) off_its_device ;;
    file) remove_half "$2" ;;
    size) back_to_size "$2" ;;
    *) WHY="this bundle does not know what that is" MEND="cat $(quoted "$WORK")   (then: rm $(quoted "$WORK"))" && return 1 ;;
    esac
}

# off_its_device: the disk image goes off the loop device that it was put on for a while, unless somebody works with it by now, or it goes
# by itself.
off_its_device() {
    local users
    users=$(docker ps --quiet --filter "volume=$VOLUME") || return 1
    if [ -n "$users" ] || replaced || detach >/dev/null || [ -n "$GOING" ]; then return 0; fi
    WHY=${HOLDERS:-} MEND=${HOLDER_MEND:-sudo losetup --list}
    return 1
}

# sandbox_runs_again STATE: our sandbox goes on, if a script has left it in that state. One that cannot be started again is named, and
# mended by scripts/start.sh.
sandbox_runs_again() {
    local line
    line=$(sandbox_line) || return 1
    ours "$line" 3 && has_word 2 "$line" "$1" || return 0
    if [ "$1" = paused ]; then
        thaw_sandbox || { MEND="$ENGINE unpause $GEN_CONTAINER" && return 1; }
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
    "$BACKUPS"/*.part) [ -e "${1%.part}" ] || gone "${1%.part}.sha256" || return 1 ;;
    "$IMAGE.new")
        # The mount of a helper that was ended goes a moment later.
        while [ -n "$(named_loops "${1##*/}")" ] && [ "$tries" -lt 100 ]; do tries=$((tries + 1)) && sleep 0.1; done
        for kept in "$STORAGE"/kept/*.img; do
            if [ "$kept" -ef "$IMAGE" ]; then gone "$kept" || return 1; fi
        done
        rmdir "$STORAGE/kept" 2>/dev/null || :
        ;;
    *) WHY="no script of this bundle writes such a file" MEND="cat $(quoted "$WORK")   (then: rm $(quoted "$WORK"))" && return 1 ;;
    esac
    gone "$1"
}

# gone FILE: removes it, if it is there. In a folder that is shut to us it is not seen; that is said, and is no reason to wait.
gone() {
    if [ -d "${1%/*}" ] && [ ! -x "${1%/*}" ]; then
        warn "whether this is left cannot be seen: $1   (sudo rm -f $(quoted "$1"))"
        return 0
    fi
    if [ ! -e "$1" ] && [ ! -L "$1" ]; then return 0; fi
    rm -f "$1" 2>/dev/null && return
    unwritable "${1%/*}" "rm -f $(quoted "$1")"
    return 1
}

# unwritable FOLDER COMMAND: sets WHY nothing can be changed in a folder, and MEND, after which the command can be.
unwritable() {
    local owner
    owner=$(owner_of "$1")
    WHY="$1 cannot be written" MEND="ls -ld $(quoted "$1")"
    if touch "$1" 2>&1 | grep 'Read-only file system' >/dev/null; then
        WHY="$1 is on a disk that is read-only" MEND="sudo mount -o remount,rw $(quoted "$(stat -c %m "$1" 2>/dev/null)") && $2"
    elif [ "$owner" != "$EUID" ] && [ "$EUID" -ne 0 ]; then
        WHY="$1 belongs to user number $owner" MEND="sudo chown -R $EUID $(quoted "$1") && $2"
    elif [ ! -w "$1" ]; then
        MEND="chmod u+w $(quoted "$1") && $2"
    fi
}

# back_to_size BYTES: the disk image is no larger than its filesystem has become. What the kernel has is asked of the device.
back_to_size() {
    local device
    whole "$1" 18 || { WHY="that is no size" MEND="rm $(quoted "$WORK")" && return 1; }
    # It may have been taken away since, or be no larger.
    if [ ! -f "$IMAGE" ] || replaced || { whole "$(file_bytes "$IMAGE")" 18 && [ "$NUMBER" -le "$1" ]; }; then return 0; fi
    device=$(attached_device)
    whole "$(loop_tool dumpe2fs -h "${device:-$IMAGE}" 2>/dev/null | filesystem_size)" 18 || return 1
    [ "$NUMBER" -le "$1" ] || return 0
    truncate -s "$1" "$IMAGE" && { [ -z "$device" ] || loop_tool losetup --set-capacity "$device"; }
}

# recover_work: what a script that was killed had begun. A file that cannot be removed is in nobody's way, and nothing is in the way of one
# that stops the sandbox or takes it away: GOES_ON=yes.
recover_work() {
    [ -s "$WORK" ] || { rm -f "$WORK.new" && return; }
    say "A script was cut off. Taking back what it began."
    # The engine does what it was asked, also for nobody.
    engine_settle
    if take_back || [ -n "${GOES_ON:-}" ] || ! grep -qv '^file ' "$WORK"; then return 0; fi
    RESULT=residue
    fail "$EX_RESIDUE" "an interrupted script could not be undone whole" "what is left is named above" "mend that, then run scripts/recover.sh again"
}

# give_to_owner: what root has written in somebody's bundle is that one's, who could not go on otherwise. What is mounted here is the
# sandbox's.
give_to_owner() {
    local owner
    [ "$EUID" -eq 0 ] && owner=$(owner_of "$BUNDLE") && [ "$owner" -ne 0 ] || return 0
    find "$STATE" "$STORAGE" "$BACKUPS" "$LOCAL" -xdev -user 0 -exec chown -h "$owner" {} + 2>/dev/null || :
}

# at_exit: what is done at a script's end, however it comes. One that has something else to put in order puts its own here. In a trap
# each plain `return` gives back what was before the trap, so this is a process of its own.
at_exit() {
    # shellcheck disable=SC2016 # that shell expands it
    [ -z "$WORKING" ] || "$BASH" -c '. "$0/lib/common.sh" && . "$BUNDLE/lib/work.sh" && take_back' "$BUNDLE"
}
