# What the sandbox that runs works on, as this host's kernel has it: it keeps what was mounted for it, whatever is attached, linked or
# written down since. Sourced by storage.sh.
# shellcheck shell=bash disable=SC2034,SC2153 # for those who ask; names of other files of this folder

# find_process: sets PID, the number that the sandbox's first process has on this host, and RUNTIME, what runs it, whatever is chosen for
# the next one. Fails, and sets WHY, where there is none to look at.
find_process() {
    local told id
    PID='' RUNTIME='' WHY="the engine names no process of the sandbox: it does not run"
    id=$(owned_id container "$GEN_CONTAINER") && [ -n "$id" ] || return 1
    told=$(docker inspect --format '{{.State.Pid}} {{.HostConfig.Runtime}}' "$id" 2>/dev/null)
    whole "${told%% *}" 10 && [ "$NUMBER" -gt 1 ] || return 1
    RUNTIME=${told#* } PID=$NUMBER WHY="the sandbox's process $NUMBER cannot be looked at on this host: /proc hides it"
    [ -r "/proc/$PID/status" ]
}

# control_group CONTROLLER: the folder of the sandbox's control group on this host; without one, that of version 2.
control_group() {
    awk -F : -v controller="$1" '("," $2 ",") ~ ("," controller ",") {
        print "/sys/fs/cgroup" (controller == "" ? "" : "/" controller) substr($0, length($1 $2) + 3); exit }' "/proc/$PID/cgroup"
}

# mounted_in_sandbox: what is mounted there, a line each: "POINT TYPE ROOT OPTIONS DEVICE SOURCE SUPEROPTIONS"; fields without
# blanks, the device by its numbers.
mounted_in_sandbox() { mounts_in <"/proc/$PID/mountinfo"; }
mounts_in() { awk '{ for (i = 7; $i != "-"; i++); print $5, $(i + 1), $4, $6, $3, $(i + 2), $(i + 3) }'; }

# mounted_at POINT: the same for one place, as it is seen: the last that was mounted there.
mounted_at() { mounted_in_sandbox | last_at "$1"; }
last_at() { awk -v point="$1" '{ seen = $1; gsub(/\\040/, " ", seen) } seen == point { last = $0 } END { print last }'; }

# volume_folder: where the engine shows the volume on its host.
volume_folder() { docker volume inspect --format '{{.Mountpoint}}' "$VOLUME" 2>/dev/null; }

# mounted_by_engine: the same for the volume, where the engine mounts it on its host before any container has it.
mounted_by_engine() {
    local point line
    point=$(volume_folder) || return 1
    line=$(mounts_in </proc/self/mountinfo | last_at "$point")
    # It may have mounts of its own.
    [ -n "$line" ] || line=$(mount_tool cat /proc/self/mountinfo | mounts_in | last_at "$point")
    echo "$line"
}

# workplace: sets what the kernel has as the workspace of the container that runs: TYPE of filesystem, ROOT in it, ON which device by its
# number, SOURCE and MORE. Fails, and sets WHY, where none runs, or nobody can see it from here.
workplace() {
    local line PID RUNTIME
    find_process || return 1
    # gVisor shows its own mounts to nobody on this host: what the engine gave it is looked at.
    if [ "$RUNTIME" = runsc ]; then
        WHY="the engine does not say where it mounts the volume"
        line=$(mounted_by_engine) || return 1
    else
        # A process of that number may be another one's, where the engine counts its own.
        WHY="the process $PID of this host is not the sandbox's"
        grep -qsF "$(sandbox_id)" "/proc/$PID/mountinfo" "/proc/$PID/cgroup" || return 1
        line=$(mounted_at "$GEN_STORAGE_PATH")
    fi
    IFS=' ' read -r _ TYPE ROOT _ ON SOURCE MORE <<<"$line"
}

# on_our_image: whether that is the filesystem in our disk image.
on_our_image() {
    case $TYPE:$ON:$ROOT:$SOURCE in
    "ext4:$(block_number "$(attached_device)"):/:"* | "ext4:$(block_number "$(attached_device)"):/tree:"*) ;;
    overlay:*:/:"gen-workspace-$INSTANCE")
        disk_shows_image || return 1
        case ,$MORE, in *",upperdir=${DISK// /\\040}/upper,"*) ;; *) return 1 ;; esac
        ;;
    *) return 1 ;;
    esac
}

# loop_at NUMBER: sets LOOP to the loop device of that number, and BACKING to its file as the kernel names it; fails for any other disk.
loop_at() {
    LOOP=$(readlink "/sys/dev/block/$1") || return 1
    LOOP=/dev/${LOOP##*/}
    { IFS= read -r BACKING <"/sys/block/${LOOP#/dev/}/loop/backing_file"; } 2>/dev/null
}

# worked_loop: sets WORKED to the loop device that the sandbox works on, if that has a file which has no name any more: what is written
# there is nowhere else. Empty for what has another bundle's.
worked_loop() {
    local TYPE ROOT ON SOURCE MORE LOOP BACKING WHY
    WORKED=''
    [ "$BACKEND" != microvm ] && workplace && loop_at "${ON:-none}" || return 0
    case $BACKING in
    */"${IMAGE##*/} (deleted)") WORKED=$LOOP ;;
    */workspace-????????????????.img' (deleted)') ;;
    *' (deleted)') WORKED=$LOOP ;;
    esac
}

# keep_worked: has such a device stay when the sandbox goes, and writes it down. Fails where what is written there would go with it, and
# sets WHAT, WHY and MEND.
keep_worked() {
    local WORKED disk
    if [ "$BACKEND" = microvm ]; then
        ! machine_is_elsewhere || [ -z "$OPEN" ]
        return
    fi
    worked_loop
    [ -n "$WORKED" ] || return 0
    # shellcheck disable=SC2016 # that shell expands it
    loop_tool sh -c "$STAY"'stay "$1"' keep "$WORKED" && disk=$(disk_number "$WORKED") && write_durably "$ATTACHED" echo "$WORKED $disk -" && return
    WHAT="$WORKED alone has what the sandbox works on" WHY="it could not be kept, and would go with the sandbox" MEND=scripts/rescue.sh
    return 1
}

# elsewhere: whether another file has the disk image's name, or the sandbox that runs works on something else. Sets WHAT, WHY and MEND.
# What nobody can see from here is taken to be right; the check of the workspace says that it is unknown.
elsewhere() {
    local TYPE='' ROOT='' ON='' SOURCE='' MORE=''
    ! replaced || return 0
    if [ "$BACKEND" = microvm ]; then machine_is_elsewhere; return; fi
    workplace && ! on_our_image && ! of_an_override || return 1
    say_workplace
}

# of_an_override: whether what is there is neither a disk nor our volume: the owner's override has put it there, and the checks judge that.
of_an_override() {
    local folder LOOP BACKING
    [ -n "$ROOT" ] && [ "$TYPE" != overlay ] && ! loop_at "${ON:-none}" && folder=$(volume_folder) || return 1
    case $folder in *"$ROOT") return 1 ;; esac
}

# say_workplace: what it works on instead, in words.
say_workplace() {
    local others folder LOOP BACKING
    WHAT="the sandbox that runs does not work on its disk image"
    MEND="scripts/stop.sh, then scripts/start.sh"
    if [ "$TYPE" = overlay ]; then
        WHY="its workspace is put together from ${MORE:-nothing}, and not from what is on $DISK"
    elif loop_at "${ON:-none}"; then
        WHY="it works on $LOOP, which has $BACKING"
        MEND="$MEND   (it works on $IMAGE again; what it wrote since stays in $BACKING)"
    elif of_an_override; then
        WHY="$TYPE from $SOURCE is mounted there, of that $ROOT" MEND="ls $(quoted "$LOCAL")   (what mounts it in the place of the workspace)"
    else
        folder=$(volume_folder) || folder=''
        WHY="nothing is mounted there but ${folder:-a folder of this host}"
        MEND="sudo cp -a $(quoted "$folder") $(quoted "$BUNDLE/saved")   (if anything in it is wanted), then $MEND"
    fi
    # What the engine has mounted it shows to all, until the last one has gone.
    others=$(other_users)
    [ -z "$others" ] || { WHY="$WHY; $others has the volume too, and while it runs the engine shows the same again" && MEND="$ENGINE stop $others, then $MEND"; }
}

# other_users: the containers that run and have the volume too, but for the sandbox; the first three.
other_users() {
    docker ps --no-trunc --filter "volume=$VOLUME" --format '{{.ID}} {{.Names}}' |
        awk -v own="$(sandbox_id)" '$1 != own && ++count <= 3 { printf "%s%s", (count > 1 ? " " : ""), $2 }'
}

# shown_still: whether the engine shows something else than our disk to another container that has the volume: it would show that to ours
# as well. Sets WHAT, WHY and MEND.
shown_still() {
    local users line TYPE ON device
    users=$(other_users) && [ -n "$users" ] && ours "$(volume_line "$VOLUME")" 2 && line=$(mounted_by_engine) || return 1
    IFS=' ' read -r _ TYPE _ _ ON _ <<<"$line"
    device=$(attached_device)
    # An overlay of the disk that we take up again is of the same files.
    case ${TYPE:-}:${device:+attached} in
    overlay:attached) return 1 ;;
    *:attached) [ "${ON:-}" != "$(block_number "$device")" ] || return 1 ;;
    esac
    WHAT="the engine shows something else than the workspace's disk" MEND="$ENGINE stop $users, then start again"
    WHY="$users has the volume $VOLUME, and while it runs the engine would show the same to the sandbox"
}

# engine_mounts: the places where the engine has our volume mounted from a device of ours, a line each. What a person mounted elsewhere
# is that person's.
engine_mounts() {
    local device numbers=' ' place
    for device in $(named_loops "${IMAGE##*/}"); do numbers="$numbers$(block_number "$device") "; done
    # An engine that no longer knows the volume shows it nowhere else.
    place=$(volume_folder) || place=''
    place=${place:-/volumes/$VOLUME/_data}
    mounts_in </proc/self/mountinfo | awk -v word="gen-workspace-$INSTANCE" -v numbers="$numbers" -v place="${place// /\\\\040}" '
        { ours = $6 == word || $6 == "/dev/" word || index(numbers, " " $5 " ") }
        ours && substr($1, length($1) - length(place) + 1) == place { print $1 }'
}
