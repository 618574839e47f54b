# The workspace's disk image and its loop device. Sourced after docker.sh.
# shellcheck shell=bash disable=SC2153 # names of other files of this folder

# shellcheck source=templates/lib/loop.sh
. "${BASH_SOURCE[0]%/*}/loop.sh"
# shellcheck source=templates/lib/holders.sh
. "${BASH_SOURCE[0]%/*}/holders.sh"
# shellcheck source=templates/lib/image.sh
. "${BASH_SOURCE[0]%/*}/image.sh"
# shellcheck source=templates/lib/frozen.sh
. "${BASH_SOURCE[0]%/*}/frozen.sh"
# shellcheck source=templates/lib/workplace.sh
. "${BASH_SOURCE[0]%/*}/workplace.sh"

IMAGE=$STORAGE/workspace-$INSTANCE.img
# A machine has its workspace on a disk of its own.
[ "$BACKEND" != microvm ] || IMAGE=$MACHINE_WORK
# A link of ours to whichever loop device has the image: the volume names this link, so the number may change. It is in
# /dev, so it is gone after a reboot: whatever has that number then is never mounted in its place.
DEVICE=/dev/gen-workspace-$INSTANCE

# inode_of FILE, put_new FILE NAME: gives a new file its name, unless anything has that.
inode_of() { stat -c %i "$1" 2>/dev/null || stat -f %i "$1"; }
put_new() {
    mv -n "$1" "$2" && [ ! -e "$1" ] && durable "$2" && return
    echo "something has the name $2 by now, which stays"
    return 1
}

# attached_device: the loop device that holds the image, as the kernel has it now.
attached_device() { loops_of "$IMAGE" "$DEVICE" | sed -n '/ same$/{s///p;q;}'; }

is_attached() { [ -L "$DEVICE" ] && [ -n "$(attached_device)" ] && [ "$(readlink "$DEVICE")" = "$(attached_device)" ]; }

# loop_tool COMMAND...: runs it as root: whoever is root here needs no container for that.
loop_tool() {
    if [ "$EUID" -eq 0 ] && have losetup && "$@" 2>/dev/null; then return 0; fi
    root_tool -- "$@"
}

# A device that was let go while somebody still used it goes with its last user, and its number then is the next disk's. As long as we
# use it, it has to stay. Only the kernel's own call says so to it; in C's struct loop_info64 the flags stand at byte 52, and autoclear is 4.
# shellcheck disable=SC2016 # that shell expands it
STAY='stay() {
    auto=/sys/block/${1#/dev/}/loop/autoclear
    [ "$(cat "$auto")" != 0 ] || return 0
    python3 -I -c "import fcntl, os, struct, sys
device, info = os.open(sys.argv[1], os.O_RDWR), bytearray(232)
fcntl.ioctl(device, 0x4C05, info)
struct.pack_into(\"I\", info, 52, struct.unpack_from(\"I\", info, 52)[0] & ~4)
fcntl.ioctl(device, 0x4C04, info)" "$1"
    [ "$(cat "$auto")" = 0 ]
}
'

# say_going: says who still has a device that goes, if there is one.
say_going() {
    local device
    device=$(attached_device)
    [ -n "$device" ] && say_holders "$device" && warn "  mend: $HOLDER_MEND   (then start again)"
}

# attach: puts the image on a loop device, unless it is on one, and sets the link. Never while a device has what was the image before.
attach() {
    local number device disk RECORDED FILE WORKED
    recorded_loop
    worked_loop
    unmount_forgotten || return 1
    if shown_still; then warn "$WHAT: $WHY" && warn "  mend: $MEND" && return 1; fi
    number=$(file_number "$IMAGE")
    # shellcheck disable=SC2016 # that shell expands it
    # The link is made and not replaced: ln would have another name in /dev for a moment, and a kill there would leave it.
    device=$(loop_tool sh -c "$ASK_LOOPS$STAY"'found=$(ask_loops "$1" "$2" "$3" "$4") || exit
        case $found in *" other"*) exit 3 ;; esac
        device=${found%% *} && device=${device:-$(losetup --find --show "$1")} && stay "$device" && rm -f "$2" && ln -sn "$device" "$2" && echo "$device"' \
        attach "$IMAGE" "$DEVICE" "$RECORDED" "$WORKED") || { say_replaced || say_going || :; return 1; }
    disk=$(disk_number "$device") || disk='- -'
    write_durably "$ATTACHED" echo "$device $disk $number"
}

# Where the image is mounted on the host, for a bundle whose workspace is a copy of a project.
DISK=$STATE/project/disk
# Not empty while it is held still.
HELD=$STATE/project/held

disk_is_mounted() { mountpoint -q "$DISK" 2>/dev/null; }

# disk_shows_image: whether what is mounted there is the disk image, and nothing else.
disk_shows_image() {
    local device
    device=$(attached_device)
    disk_is_mounted && [ -n "$device" ] && awk -v number="$(block_number "$device")" -v point="$DISK" '
        { gsub(/\\040/, " ", $5); gsub(/\\134/, "\\", $5); if ($5 == point) found = $3 }
        END { exit !(found != "" && found == number) }' /proc/self/mountinfo
}

# mount_tool COMMAND...: runs it as root where the host's mounts are.
mount_tool() {
    if [ "$EUID" -eq 0 ]; then
        "$@"
    else
        # The first process has the engine's mounts, which may be more than ours; nobody may look at that one everywhere.
        # shellcheck disable=SC2016 # that shell expands it
        tool --privileged --userns host --pid host --user 0:0 -- sh -c 'first=1
            readlink /proc/1/ns/mnt >/dev/null || first=$0
            exec nsenter --target "$first" --mount -- "$@"' "$$" "$@"
    fi
}

mount_disk() { mount_tool mount -t ext4 -o nosuid,nodev "$DEVICE" "$DISK"; }

# held_still COMMAND...: runs it while nothing can be written to the disk: what it reads there is of one moment. What the sandbox
# writes meanwhile waits, whatever it is, and notices nothing else. It is let go when the command is no more, however it ends.
held_still() {
    local pipe=$HELD.$$ word
    rm -f "$pipe" && mkfifo "$pipe" || return 1
    # The holder's word comes by the pipe that has a name; that it is not needed any more, by the one that ends with the command.
    # shellcheck disable=SC2094 # it is no file
    {
        {
            rm -f "$pipe"
            IFS= read -r word <&4 && [ "$word" = held ] && "$@" >&3 3>&- 4<&-
        } 4<"$pipe" | hold_disk 3>&- >"$pipe"
        [ "${PIPESTATUS[*]}" = '0 0' ]
    } 3>&1
}

# hold_disk [--release]: says when it holds the disk, and holds it until its input ends.
hold_disk() { mount_tool python3 -I -S -B "$BUNDLE/lib/still.py" "$DISK" "$HELD" "$@"; }

# let_go: a disk that one has held who was killed is written to again, and what runs in the sandbox goes on.
let_go() {
    [ ! -e "$FROZEN" ] || one_freezes thaw_left || return 1
    [ ! -s "$HELD" ] || hold_disk --release
}

unmount_disk() {
    let_go
    while disk_is_mounted; do
        mount_tool umount "$DISK" && continue
        say_holders "$(attached_device)"
        return 1
    done
}

# unmount_forgotten: an engine that was killed leaves the volume mounted on the host, and the one that comes after it does not
# know of that. What a container uses stays.
unmount_forgotten() {
    local points point users
    points=$(engine_mounts)
    [ -n "$points" ] || return 0
    users=$(docker ps --quiet --filter "volume=$VOLUME") || return 1
    [ -z "$users" ] || return 0
    while read -r point; do
        mount_tool umount "$(printf '%b' "$point")" </dev/null || return 1
    done <<<"$points"
}

# detach: takes every loop device of ours away, and the link. The kernel refuses nothing here: a device in use goes when its last user
# does, so the end is looked at, not believed. Fails when one is in use; GOING is then the device that will go, and HOLDERS and
# HOLDER_MEND tell who has it. Fails too, and takes nothing away, when one has what no file of that name has, unless its content is not
# needed any more: LOST=yes.
detach() {
    local devices RECORDED FILE WORKED
    GOING=''
    unmount_disk && unmount_forgotten || return 1
    recorded_loop
    worked_loop
    if [ -z "$RECORDED$WORKED$(named_loops "${IMAGE##*/}")" ] && [ ! -L "$DEVICE" ]; then return 0; fi
    # shellcheck disable=SC2016 # that shell expands it
    devices=$(loop_tool sh -c "$ASK_LOOPS"'found=$(ask_loops "$1" "$2" "$3" "$4") || exit
        case $5:$found in yes:*) ;; *" other"*) exit 3 ;; esac
        rm -f "$2" && echo "$found" | while read -r device _; do
            [ -z "$device" ] || { cat "/sys/block/${device#/dev/}/loop/backing_file" | sed "s#^#$device #" && losetup --detach "$device"; } || exit
        done' detach "$IMAGE" "$DEVICE" "$RECORDED" "$WORKED" "${LOST:-}") || {
        if say_replaced; then HOLDERS=$WHY HOLDER_MEND=$MEND && return 1; fi
        warn "by hand: sudo rm -f $DEVICE; sudo losetup -d \$(sudo losetup -nO NAME -j $(quoted "$IMAGE"))"
        return 1
    }
    unwrite "$ATTACHED"
    [ -z "$devices" ] || freed "$devices"
}

# freed DEVICES: waits until the kernel has let go of them, a line "DEVICE FILE" each. A program that has just started with mounts of its own, copied from this
# host's, holds ours for as long as it runs: most of these are short, and who stays is named at once.
freed() {
    local tries=0 file
    while IFS=' ' read -r GOING file; do
        while grep -sqxF "$file" "/sys/block/${GOING#/dev/}/loop/backing_file"; do
            tries=$((tries + 1))
            [ "$tries" -ne 10 ] || say_holders "$GOING"
            [ "$tries" -lt 100 ] || return 1
            sleep 0.1
        done
    done <<<"$1"
    GOING=''
}

# make_volume OPTION...: our volume, under a free name: one of somebody else's is never touched. The name is remembered.
make_volume() {
    local name line id token
    name=$(free_name volume "$GEN_VOLUME" 2) || return 1
    [ "$name" = "$GEN_VOLUME" ] || echo "a volume named $GEN_VOLUME is not ours, so ours is named $name"
    remember_name volume "$name" || return 1
    line=$(volume_line "$name") || return 1
    # Ours, but of something that is no longer: it holds no data of its own.
    ! ours "$line" 2 || docker volume rm "$name" || return 1
    own volume "$name" || return 1
    # For a name that somebody took since we looked, this succeeds and makes nothing.
    docker volume create --driver local --label "gen.instance=$INSTANCE" --label "gen.token=$TOKEN" --label "gen.name=$GEN_NAME" "$@" "$name" &&
        read -r id token _ < <(volume_facts "$name") || return 1
    [ "$token" = "$TOKEN" ] || { echo "somebody else made a volume named $name just now: it is theirs and stays; start again" && return 1; }
    owned "$TOKEN" "$id"
}

file_bytes() { [ -f "$1" ] && whole "$(wc -c <"$1")" && echo "$NUMBER"; }
allocated_bytes() { whole "$(du -k "$1" | sed -n '1s/[^0-9].*//p')" && echo $((NUMBER * 1024)); }

# free_bytes FOLDER: what an ordinary user may still write there.
free_bytes() {
    # The names on either side of the numbers may hold spaces; the percentage ends them.
    df -Pk "$1" | awk 'NR == 2 { for (i = NF; i > 1; i--) if ($i ~ /^[0-9]+%$/) { printf "%.0f\n", $(i - 1) * 1024; exit } }'
}

# room_for BYTES FILE: whether the host could hold FILE grown to BYTES and keep its reserve.
# Prints what is missing otherwise.
room_for() {
    local need have=0 free
    whole "$1" || return 1
    need=$NUMBER
    [ ! -f "$2" ] || { whole "$(allocated_bytes "$2")" && have=$NUMBER; }
    whole "$(free_bytes "$BUNDLE")" || return 1
    free=$NUMBER
    [ "$GEN_STORAGE_OVERCOMMIT" = true ] && need=0 && have=0
    [ $((free - GEN_STORAGE_RESERVE_BYTES)) -ge $((need - have)) ] && return 0
    echo "$(human "$((need - have))") may be written and $(human "$GEN_STORAGE_RESERVE_BYTES") are kept in reserve, but only $(human "$free") are free under $BUNDLE"
    return 1
}

# make_image BYTES FILE: a sparse file with an empty ext4 filesystem whose root belongs to the sandbox's user.
# Nothing is allocated but the filesystem's own tables; the kernel writes the rest when it is needed.
make_image() {
    local missing
    missing=$(room_for "$1" "$2") || { warn "not enough free space: $missing"; return 1; }
    rm -f "$2"
    truncate -s "$1" "$2" || return 1
    user_tool -- mkfs.ext4 -q -F -m 0 -L "${GEN_NAME:0:16}" \
        -E "root_owner=$GEN_UID:$GEN_UID,lazy_itable_init=1,lazy_journal_init=1,nodiscard" "$2" || return 1
    durable "$2"
}

# superblock FIELD: one line of what the filesystem says of itself, for example "Block count". Works while it is in use.
superblock() { user_tool -- dumpe2fs -h "$IMAGE" 2>/dev/null | sed -n "s/^$1: *//p"; }

# filesystem_size: of what dumpe2fs says on standard input, how large the filesystem is.
filesystem_size() { awk -F ': *' '/^Block count/ { n = $2 } /^Block size/ { s = $2 } END { printf "%.0f\n", n * s }'; }

# volume_is_ours: whether the volume of our name is the one that we made, on the link to the device that has our disk image.
volume_is_ours() {
    local line
    line=$(volume_line "$VOLUME") && ours "$line" 2 && has_word 3 "$line" "$DEVICE" && is_attached
}

# workspace_tool TOOL MODE [OPTION...] -- COMMAND...: the command in a short-lived container, by tool or root_tool, with the workspace
# in /mnt, ro or rw. The engine makes a volume of a name that nobody has, and mounts whatever somebody else gave ours to: so the volume
# is looked at first, and then, inside, what is mounted, by the number of its device.
workspace_tool() {
    local with=$1 mode=$2 device options=()
    shift 2
    volume_is_ours || { warn "the volume $VOLUME is not there, or it is not the one that this bundle made on its disk image"; return 1; }
    device=$(attached_device)
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    # shellcheck disable=SC2016 # that shell expands it
    "$with" ${options[@]+"${options[@]}"} --volume "$VOLUME:/mnt:$mode" -- sh -c '[ "$(mountpoint --fs-devno /mnt)" = "$1" ] ||
            { echo "what is mounted is not the disk image of the workspace" >&2; exit 1; }
        shift && exec "$@"' workspace "$(block_number "$device")" "${@:2}"
}

# used_bytes: what the filesystem in the image uses: a program of our image looks while it may be mounted, the superblock tells
# elsewhere.
used_bytes() {
    local said
    if is_attached && said=$(heard workspace_tool tool ro --user "$GEN_UID:$GEN_UID" --cap-drop ALL -- df -k --output=used /mnt 2>/dev/null); then
        whole "${said##*$'\n'}" && echo $((NUMBER * 1024)) && return
    fi
    user_tool -- dumpe2fs -h "$IMAGE" 2>/dev/null | awk -F ': *' '/^Block count/ { all = $2 } /^Free blocks/ { free = $2 }
        /^Block size/ { size = $2 } END { printf "%.0f\n", (all - free) * size }'
}
