# The workspace's disk image as a file: where it is kept, and what may be wrong with it: it is damaged, or another file has its name.
# Sourced by storage.sh.
# shellcheck shell=bash disable=SC2034,SC2153 # for those who ask; names of other files of this folder

# is_ext4 FILE: the magic number of an ext filesystem stands at byte 1080. Nobody waits for what a pipe might bring.
is_ext4() { [ -f "$1" ] && [ "$(od -An -tx1 -j 1080 -N 2 "$1" 2>/dev/null | tr -d ' \n')" = 53ef ]; }

# said_bytes FILE: how large the filesystem in it says that it is; fails when there is none. The numbers stand behind byte 1024: blocks
# at 4, the size of one at 24, whether there are many at 96, and how many more at 336.
said_bytes() {
    is_ext4 "$1" && od -An -v -tu4 -w4 -j 1024 -N 340 "$1" 2>/dev/null | awk '
        { value[NR - 1] = $1 }
        END { if (NR != 85 || value[6] > 6) exit 1
              many = int(value[24] / 128) % 2 ? value[84] : 0
              printf "%.0f\n", (many * 4294967296 + value[1]) * 1024 * 2 ^ value[6] }'
}

# is_whole FILE: whether it is as large as that: one that was cut off has the beginning, and no more.
is_whole() { [ -f "$1" ] && whole "$(said_bytes "$1")" 18 && [ "$NUMBER" -le "$(file_bytes "$1")" ]; }

# kind_of PATH: what it is, in a word.
kind_of() {
    if [ -L "$1" ]; then echo "a link to $(readlink "$1")"; elif [ -d "$1" ]; then echo "a folder"; elif [ -p "$1" ]; then echo "a pipe"; else echo "a device or a socket"; fi
}

# other_size: sets WHAT and MEND, where the profile says another size than the disk has: nothing but the script for it changes that. What
# somebody chose by that script, as the profile stood then, is what they want.
other_size() {
    local chosen=''
    [ -f "$IMAGE" ] && whole "$(file_bytes "$IMAGE")" 18 && [ "$NUMBER" -ne "$GEN_STORAGE_BYTES" ] || return 1
    { read -r chosen <"$STATE/resized"; } 2>/dev/null
    [ "$chosen" != "$GEN_STORAGE_BYTES $NUMBER" ] || return 1
    WHAT="the workspace has $(human "$NUMBER"), and the profile says $(human "$GEN_STORAGE_BYTES"), which takes hold in a new one only"
    MEND="scripts/resize-volume.sh $((GEN_STORAGE_BYTES >> 20))M"
    [ -e "$BUNDLE/scripts/resize-volume.sh" ] || MEND="scripts/apply.sh for what you want of it, then scripts/discard.sh, then start again"
}

# image_stands: whether anything has the disk image's name. What is there and is not whole is damaged, and never taken for nothing.
image_stands() { [ -e "$IMAGE" ] || [ -L "$IMAGE" ]; }

# keep_also FILE [WORD]: gives a disk image a second name in storage/kept/ that says when, and ends with WORD. Prints it.
keep_also() {
    local to
    to=$STORAGE/kept/$GEN_NAME-$(date -u +%Y%m%dT%H%M%SZ)${2:-}.img
    while [ -e "$to" ]; do to=${to%.img}-$$.img; done
    mkdir -p "$STORAGE/kept" && { ln "$1" "$to" 2>/dev/null || cp --sparse=always --reflink=auto "$1" "$to"; } &&
        durable "$to" && echo "$to"
}

# keep_image FILE [WORD]: moves a disk image to storage/kept/, or what else has its name. Prints where it is now.
keep_image() {
    local to
    if [ -f "$1" ] && [ ! -L "$1" ]; then keep_also "$@" && rm -f "$1" && return; fi
    to=$STORAGE/kept/$GEN_NAME-$(date -u +%Y%m%dT%H%M%SZ)-$$${2:-}
    mkdir -p "$STORAGE/kept" && mv -n "$1" "$to" && ! image_stands && echo "$to"
}

# damaged_problem: says what may be done about a disk image that is there and is not whole. Its owner decides.
damaged_problem() {
    local mend
    mend="scripts/restore.sh FILE   (a backup, or an image from storage/kept/; what is there now is kept beside them), or begin anew: mkdir -p $(quoted "$STORAGE/kept") && mv $(quoted "$IMAGE") $(quoted "$STORAGE/kept")"
    if [ ! -f "$IMAGE" ]; then
        problem "what has the name of the workspace's disk image is no file, so it is left alone: $(kind_of "$IMAGE")" \
            "mkdir -p $(quoted "$STORAGE/kept") && mv $(quoted "$IMAGE") $(quoted "$STORAGE/kept")   (then scripts/restore.sh FILE, or begin anew)" owner
    elif [ ! -r "$IMAGE" ]; then
        problem "the workspace's disk image cannot be read, so it is left alone" "ls -l $(quoted "$IMAGE")"
    elif whole "$(said_bytes "$IMAGE")" 18; then
        problem "the workspace's disk image is damaged, so it is left alone: its filesystem has $NUMBER bytes, and the file has $(file_bytes "$IMAGE")" \
            "truncate -s $NUMBER $(quoted "$IMAGE") && e2fsck -f $(quoted "$IMAGE"), or $mend" owner
    else
        problem "the workspace's disk image is damaged, so it is left alone: it does not begin as an ext4 filesystem" \
            "e2fsck -f $(quoted "$IMAGE"), or $mend" owner
    fi
}

# replaced_device: a loop device of ours that has what was the disk image until another file got its name, or none has it. What was
# written in the sandbox since is there, and nowhere else.
replaced_device() {
    local WORKED
    worked_loop
    loops_of "$IMAGE" "$DEVICE" "$WORKED" | sed -n '/ other$/{s///p;q;}'
}

# replaced: whether there is one. Sets WHAT, WHY, and MEND, which loses nothing of either.
replaced() {
    local device
    device=$(replaced_device)
    WHAT="another file has the name of the workspace's disk image" WHY="$device has the one that the sandbox works on, which lies there no longer; the other was put at $IMAGE"
    image_stands || WHAT="the workspace's disk image was taken away while it was in use" WHY="$device still has all of it; nothing is at $IMAGE"
    MEND="scripts/rescue.sh   (what $device has becomes the disk image again; what is in its place is kept)"
    [ -n "$device" ]
}

# say_replaced: says so, if it is so. need_own_file: refuses then, and where the sandbox works elsewhere.
say_replaced() { replaced && warn "$WHAT: $WHY"; }
need_own_file() { ! elsewhere || fail "$EX_REFUSED" "$WHAT" "$WHY" "$MEND"; }

# rescue: what such a device has becomes the disk image again, and the device goes. What has its name by now is kept in storage/kept/:
# then OTHER says where.
rescue() {
    OTHER=''
    local device new=$IMAGE.new
    unmount_disk && unmount_forgotten && device=$(replaced_device) && [ -n "$device" ] && mkdir -p "$STORAGE" && rm -f "$new" || return 1
    # Whoever has it still may write to it, and would keep the old one before everybody's eyes.
    find_holders "$device" "$(block_number "$device")"
    [ -z "$HOLDERS" ] || { echo "the workspace's disk is still in use: $HOLDERS" && return 1; }
    # shellcheck disable=SC2016 # that shell expands it
    if ! loop_tool sh -c 'sync; cp --sparse=always "$1" "$2" && chown "$3" "$2" && chmod 600 "$2"' rescue "$device" "$new" "$(owner_of "$STORAGE")" ||
        ! is_whole "$new" || ! durable "$new"; then
        rm -f "$new"
        warn "what $device has could not be kept, so it stays there: df -h $(quoted "$STORAGE")"
        return 1
    fi
    if image_stands; then OTHER=$(keep_image "$IMAGE" -other) || return 1; fi
    put_new "$new" "$IMAGE" && LOST=yes detach
}

# leave_device: what an undo does with our loop devices. What such a device has goes only where the workspace is to be deleted.
leave_device() {
    if [ "${GEN_UNDO:-run}" = all ] && [ "${GEN_DELETE_DATA:-}" = yes ]; then
        LOST=yes detach
    elif replaced; then
        echo "$WHAT: $WHY"
        rescue && { [ -z "$OTHER" ] || echo "kept: $OTHER"; }
    else
        detach
    fi
}
