# Who still uses the disk of a workspace when it is to be taken away: programs with mounts of their own, programs that have a file of it
# open, and whatever a person mounted. The kernel frees a device when its last user goes. Sourced by storage.sh.
# shellcheck shell=bash disable=SC2153 # names of other files of this folder

# As root, where the host's programs are seen. $1 is the device's number, $2 its name, $3 the word by which our overlay is known, $4 the
# folder where the disk was mounted. A line each: PID KIND PROGRAM PLACE... The KIND is mount (a mount namespace of that program's has
# it at these places), here (this one has), open (that program has a file of it, or its working folder) or stacked (the PLACE is a
# device that is made of it). Of a mount namespace the first program is named. All of it is text of others.
# shellcheck disable=SC2016 # that shell expands it
ASK_HOLDERS='program() { tr "\n\t " ___ <"/proc/$1/comm" | sed "s/_\$//"; }
places() { awk -v number="$1" -v word="$2" "\$3 == number { print \$5; next }
    { for (i = 7; i < NF && \$i != \"-\"; i++); if (\$(i + 2) == word) print \$5 }" "$3" | sort -r; }
own=$(readlink /proc/self/ns/mnt) seen=" "
places "$1" "$3" /proc/self/mountinfo | while read -r place; do
    [ "$(printf %b "$place")" = "$4" ] || printf "0 here - %s\n" "$place"
done
for file in $(grep -lsE "^[0-9]+ [0-9]+ $1 | $3 " /proc/[0-9]*/mountinfo | sort -t / -k 3n); do
    pid=${file#/proc/} && pid=${pid%/*}
    space=$(readlink "/proc/$pid/ns/mnt") && [ "$space" != "$own" ] || continue
    case $seen in *" $space "*) continue ;; esac
    seen="$seen$space "
    printf "%s mount %s %s\n" "$pid" "$(program "$pid")" "$(places "$1" "$3" "$file" | tr "\n" " ")"
done
major=${1%:*} minor=${1#*:}
{
    timeout 10 find -L /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd -maxdepth 1 -printf "%D %p\n" |
        awk -v device="$((major * 256 + minor % 256 + minor / 256 * 1048576))" "\$1 == device { print \$2 }"
    find /proc/[0-9]*/fd -maxdepth 1 -lname "$2" -print
} 2>/dev/null | cut -d / -f 3 | sort -nu | while read -r pid; do
    [ "$(readlink "/proc/$pid/ns/mnt")" != "$own" ] || printf "%s open %s\n" "$pid" "$(program "$pid")"
done
for file in "/sys/block/${2#/dev/}"/holders/*; do [ ! -e "$file" ] || echo "0 stacked - /dev/${file##*/}"; done'

# find_holders DEVICE NUMBER: sets HOLDERS to who they are, in words, and HOLDER_MEND to what frees it, both empty when none is found.
# NUMBER is that of the device, as major:minor.
find_holders() {
    local line pid kind program places users count=0
    HOLDERS='' HOLDER_MEND=''
    while IFS= read -r line; do
        IFS=' ' read -r pid kind program places <<<"$line"
        whole "$pid" 10 || continue
        pid=$NUMBER
        case $kind in
        mount)
            named_holder "process $pid ($program) has it mounted, in a mount namespace of its own" \
                "sudo nsenter --target $pid --mount umount --lazy$(as_words "$places")   (or end that process)"
            ;;
        here)
            case $places in
            *"/volumes/$VOLUME/_data"*)
                # The engine's own mount is there for whatever has the volume, and to take it away would leave that with an empty folder.
                users=$(docker ps --filter "volume=$VOLUME" --format '{{.Names}}' | head -n 1)
                [ -z "$users" ] || { named_holder "the container $users has it" "$ENGINE stop $(quoted "$users")" && continue; }
                ;;
            esac
            named_holder "it is mounted at$(as_words "$places")" "sudo umount$(as_words "$places")"
            ;;
        open) named_holder "process $pid ($program) has a file of it open, or works in a folder of it" "sudo kill $pid   (if that process may end)" ;;
        stacked) named_holder "$places is made of it" "ls /sys/block/${places#/dev/}/slaves   (then take $places away)" ;;
        esac
    done < <(mount_tool sh -c "$ASK_HOLDERS" holders "$2" "$1" "gen-workspace-$INSTANCE" "$DISK" 2>/dev/null | head -n 100)
    [ "$count" -le 3 ] || HOLDERS="$HOLDERS, and $((count - 3)) more"
}

# say_holders DEVICE: finds and tells them.
say_holders() {
    find_holders "$1" "$(block_number "$1")"
    warn "the workspace's disk is still in use: ${HOLDERS:-by what cannot be seen from here}"
    HOLDER_MEND=${HOLDER_MEND:-sudo losetup --list $1}
}

# named_holder WORDS COMMAND: one more; the first three are told, and the first one's command.
named_holder() {
    count=$((count + 1))
    [ "$count" -le 3 ] || return 0
    HOLDERS=${HOLDERS:+$HOLDERS; }$1
    HOLDER_MEND=${HOLDER_MEND:-$2}
}

# as_words PLACES: paths as the kernel's list of mounts writes them, each as a word of a command with a blank before it.
as_words() {
    local path
    # shellcheck disable=SC2086 # the kernel writes a blank within a path as a number
    set -f && set -- $1 && set +f
    for path; do
        path=${path//'\040'/ } path=${path//'\011'/$'\t'} path=${path//'\012'/$'\n'}
        printf ' %s' "$(quoted "${path//'\134'/\\}")"
    done
}
