# What this host and its engine say of the sandbox. Nothing here runs a program that is in the sandbox, or believes one: what
# matters is read of the process that the engine names, in /proc, and of the engine's settings. Sourced after docker.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it

# shellcheck source=templates/lib/storage.sh
. "${BASH_SOURCE[0]%/*}/storage.sh"

# sandbox_process: sets PID, the number that the sandbox's first process has on this host.
sandbox_process() { find_process || unknown "$WHY"; }

# control_value FILE OLDER: what the kernel has for the sandbox in version 2 of its control groups, or in version 1.
control_value() {
    cat "$(control_group '')/$1" 2>/dev/null || cat "$(control_group "${2%%/*}")/${2#*/}" 2>/dev/null
}

# sandbox_processes: the numbers of all processes of the sandbox, one a line; what runs beside the first one is among them.
sandbox_processes() {
    local folder
    folder=$(control_group pids)
    [ -n "$folder" ] || folder=$(control_group '')
    { echo "$PID"; find "$folder" -name cgroup.procs -exec cat {} + 2>/dev/null; } | grep -x '[1-9][0-9]*' | sort -un
}

# status_of PID FIELD: a field of what the kernel says of a process, its words one blank apart; empty when the process is gone.
status_of() {
    local line words
    line=$(sed -n "/^$2:/{s/^$2://p;q;}" "/proc/$1/status" 2>/dev/null)
    read -r -a words <<<"$line"
    echo ${words[@]+"${words[@]}"}
}

# beside COMMAND...: a program of the bundle's own image, which nobody in the sandbox can have changed, among the sandbox's
# processes, whose files are below /proc/1/root there. It reads them and can do nothing else; as another user than the
# sandbox's, so that nobody inside can touch it. A link in its arguments' paths is not to be followed: it may lead anywhere.
beside() {
    # It is not the first process there.
    heard brief --init=false --network none --pid "container:$(sandbox_id)" --user 0:0 --cap-drop ALL --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH \
        --security-opt no-new-privileges --read-only -- "$@"
}

# beside_find FOLDER TEST...: sets FOUND to what a find in the sandbox's files says; it follows no link.
beside_find() {
    # shellcheck disable=SC2016 # that shell expands it
    FOUND=$(beside sh -c 'cd / && find "$@" 2>/dev/null | head -c 32768; echo looked' find "/proc/1/root$1" "${@:2}") || FOUND=''
    case $FOUND in
    looked) FOUND='' ;;
    *$'\n'looked) FOUND=${FOUND%$'\n'looked} ;;
    *) unknown "the files of the sandbox could not be looked at" ;;
    esac
}

# workspace_is_ours: whether what is mounted at the workspace is the filesystem in our disk image, and as large as that; says so
# otherwise. For a container.
workspace_is_ours() {
    local size WHY='' TYPE ROOT ON SOURCE MORE
    workplace || unknown "$WHY"
    if replaced || { ! on_our_image && say_workplace; }; then printf '%s\n' "$WHAT: $WHY" "$MEND" && return 1; fi
    is_attached || { echo "the workspace's disk image is not on $DEVICE"; return 1; }
    # The superblock: how many blocks, and how large one is.
    whole "$(od -An -tu4 -j 1028 -N 4 "$IMAGE" | tr -d ' \n')" || unknown "the filesystem's size could not be read from $IMAGE"
    size=$NUMBER
    whole "$(od -An -tu4 -j 1048 -N 4 "$IMAGE" | tr -d ' \n')" 1 || unknown "the filesystem's size could not be read from $IMAGE"
    size=$((size << (10 + NUMBER)))
    whole "$(file_bytes "$IMAGE")" || unknown "the size of $IMAGE could not be determined"
    [ "$size" -le "$NUMBER" ] && [ "$size" -ge $((NUMBER - (1 << 20))) ] && return
    echo "the filesystem has $(human "$size"), the image file $(human "$NUMBER")"
    return 1
}

# engine_differences: podman.sh has its own.
if [ "$ENGINE" != podman ]; then
    # shellcheck source=templates/lib/told.sh
    . "$BUNDLE/lib/told.sh"
fi
