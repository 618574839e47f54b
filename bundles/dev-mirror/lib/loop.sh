# Which loop devices have the workspace. The kernel names a file as whoever attached it saw it, and a person may have one of the
# same name: what counts is the file itself, its device and inode.
# shellcheck shell=bash

# named_loops NAME: the loop devices whose file has that last name, also when it was deleted, one a line. Anybody may ask that.
named_loops() {
    local file backing
    for file in /sys/block/loop*/loop/backing_file; do
        { read -r backing <"$file"; } 2>/dev/null || continue
        case $backing in */"$1" | */"$1 (deleted)") file=${file#/sys/block/} && echo "/dev/${file%%/*}" ;; esac
    done
}

# Which of them have this very file, as root asks it: the file is $1, the link to its device $2. One that can only be read is a
# person's, who looks at it. Of a file that was deleted nobody can ask that; the link, which root alone can set, tells then.
# shellcheck disable=SC2016,SC2034 # that shell expands it; for those who source this
ASK_LOOPS='ask_loops() {
    if [ -e "$1" ]; then losetup --noheadings --raw --output NAME,RO --associated "$1" | sed -n "s/ 0\$//p"; return; fi
    name=$(readlink "$2") && name=${name#/dev/} && case $(cat "/sys/block/$name/loop/backing_file" 2>/dev/null) in
    */"${1##*/} (deleted)") echo "/dev/$name" ;;
    esac
    return 0
}
'

# loops_of FILE LINK: those that have it. Whoever may not ask the kernel takes the one that the link names.
loops_of() {
    local device
    [ -n "$(named_loops "${1##*/}")" ] || return 0
    if [ "$EUID" -eq 0 ] && have losetup; then
        bash -c "$ASK_LOOPS"'ask_loops "$@"' ask "$1" "$2"
    else
        device=$(readlink "$2") && named_loops "${1##*/}" | grep -xF "$device"
    fi || :
}
