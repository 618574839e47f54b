# Which loop devices have the workspace. The kernel names a file as whoever attached it saw it, a person may have one of the same name,
# and another file may have the name by now: what counts is what was attached.
# shellcheck shell=bash

# What was attached, as attach writes it down: "DEVICE BOOT NUMBER FILE". The kernel gives the NUMBER of a disk once in a boot; FILE is
# the file's device and inode.
ATTACHED=$STATE/attached

# named_loops NAME: the loop devices whose file has that last name, also when it was deleted, one a line. Anybody may ask that.
named_loops() {
    local file backing
    for file in /sys/block/loop*/loop/backing_file; do
        { read -r backing <"$file"; } 2>/dev/null || continue
        case $backing in */"$1" | */"$1 (deleted)") file=${file#/sys/block/} && echo "/dev/${file%%/*}" ;; esac
    done
}

# disk_number DEVICE: "BOOT NUMBER"; fails where the kernel gives none.
disk_number() {
    local boot number
    { read -r boot </proc/sys/kernel/random/boot_id && read -r number <"/sys/block/${1#/dev/}/diskseq"; } 2>/dev/null && echo "$boot $number"
}

# file_number FILE: its device and inode; nothing for what is not there.
file_number() { stat -L -c %d:%i "$1" 2>/dev/null || stat -L -f %d:%i "$1" 2>/dev/null || :; }

# block_number DEVICE: its numbers, as the kernel's list of mounts has them; nothing where there is none.
block_number() { cat "/sys/block/${1#/dev/}/dev" 2>/dev/null || :; }

# recorded_loop: sets RECORDED to the device that was written down, if it still has what was attached, and FILE to its file's number.
recorded_loop() {
    local boot number
    RECORDED='' FILE=''
    { IFS=' ' read -r RECORDED boot number FILE <"$ATTACHED"; } 2>/dev/null || return 0
    case $RECORDED in /dev/loop[0-9]*) [ "$(disk_number "$RECORDED")" != "$boot $number" ] || return 0 ;; esac
    RECORDED='' FILE=''
}

# Which of them are ours, as root asks it, a line each: "DEVICE same" for one that has the file of that name, "DEVICE other" for one
# that was given ours before another file got the name, or none. The file is $1, the link to its device $2, which root alone can set,
# $3 what was written down, and $4 what the sandbox works on. One that can only be read is a person's, who looks at it.
# shellcheck disable=SC2016,SC2034 # that shell expands it; for those who source this
ASK_LOOPS='ask_loops() {
    same=" "
    if [ -e "$1" ]; then
        found=$(losetup --noheadings --raw --output NAME,RO --associated "$1") || return
        while read -r device only; do [ "$only" != 0 ] || same="$same$device "; done <<END
$found
END
    fi
    target=$(readlink "$2") || target=none
    for file in /sys/block/loop*/loop/backing_file; do
        { IFS= read -r backing <"$file"; } 2>/dev/null || continue
        device=${file#/sys/block/} device=/dev/${device%%/*}
        case $same in *" $device "*) echo "$device same" && continue ;; esac
        case $device:$backing in
        "$3":* | "$4":* | "$target":*/"${1##*/}" | "$target":*/"${1##*/} (deleted)") ;;
        # Of what was let go, and waits for its last user, nothing is wanted any more.
        *:"$1 (deleted)") { read -r only <"${file%backing_file}autoclear"; } 2>/dev/null && [ "$only" = 0 ] || continue ;;
        *) continue ;;
        esac
        if { read -r only <"/sys/block/${device#/dev/}/ro"; } 2>/dev/null && [ "$only" = 0 ]; then echo "$device other"; fi
    done
}
'

# loops_of FILE LINK [WORKED]: those that are ours, "DEVICE same" or "DEVICE other"; WORKED is the one that the sandbox works on. Whoever
# may not ask the kernel takes the one that was written down, or that the link names.
loops_of() {
    local device RECORDED FILE
    recorded_loop
    if [ "$EUID" -eq 0 ] && have losetup; then
        bash -c "$ASK_LOOPS"'ask_loops "$@"' ask "$1" "$2" "$RECORDED" "${3:-}"
    elif [ -n "${3:-}" ] && [ "$3" != "$RECORDED" ]; then
        echo "$3 other"
    elif [ -n "$RECORDED" ]; then
        if [ "$FILE" = "$(file_number "$1")" ]; then echo "$RECORDED same"; else echo "$RECORDED other"; fi
    elif device=$(readlink "$2") && named_loops "${1##*/}" | grep -xF "$device" >/dev/null; then
        if [ -e "$1" ] && ! grep -q ' (deleted)$' "/sys/block/${device#/dev/}/loop/backing_file"; then echo "$device same"; else echo "$device other"; fi
    fi 2>/dev/null || :
}
