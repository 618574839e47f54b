# A sandbox that is a microVM: the same verbs as docker.sh has for a container. Sourced by docker.sh where the microVM is
# what was chosen. It takes no daemon and no rights: QEMU runs as whoever calls.
# shellcheck shell=bash disable=SC2034,SC2329,SC2317 # what stands here is for those who source it

# The image's files as a disk, and what the machine was started for.
MACHINE_IMAGE=$MACHINE/image MACHINE_MADE=$MACHINE/made

machine() { python3 -I -S -B "$BUNDLE/lib/microvm/__main__.py" --state "$MACHINE" "$@"; }

# machine_state: running, frozen, stopped, dead, starting, built or absent.
machine_state() { if [ -d "$MACHINE" ]; then machine status; else echo absent; fi || :; }

# sandbox_line: "id state instance bundle local", as docker.sh says it of a container.
sandbox_line() {
    local state
    state=$(machine_state)
    case $state in
    running) ;;
    frozen) state=paused ;;
    stopped | dead | starting) state=exited ;;
    *) return 0 ;;
    esac
    [ ! -s "$MACHINE_MADE" ] || echo "microvm $state $INSTANCE $(cat "$MACHINE_MADE")"
}

healthy_line() { sandbox_line | grep '^microvm running ' || :; }

inside() { heard machine exec -- "$@"; }

# sandbox_client: sets CLIENT, the words in front of a command for the sandbox. With "tty" it has a terminal.
sandbox_client() {
    CLIENT=(python3 -I -S -B "$BUNDLE/lib/microvm/__main__.py" --state "$MACHINE" exec)
    [ "${1:-}" != tty ] || CLIENT+=(--tty)
    CLIENT+=(--env "HOME=/home/$GEN_USER" --)
}

thaw_sandbox() { machine thaw; }
halt_sandbox() { machine stop; }
kill_words() { echo "python3 -I $(quoted "$BUNDLE/lib/microvm/__main__.py") --state $(quoted "$MACHINE") kill"; }

# machine_pid: the number of QEMU's process. machine_words: its command line, a word a line.
machine_pid() { machine status --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p'; }
machine_words() { tr '\0' '\n' <"/proc/$(machine_pid)/cmdline"; }

# machine_is_elsewhere: whether the machine that runs has another file open than the one that has the name of its workspace. Sets WHAT,
# WHY, MEND, and OPEN, that file, where it has no name any more.
machine_is_elsewhere() {
    local file name had=''
    OPEN=''
    whole "$(machine_pid)" 10 || return 1
    for file in "/proc/$NUMBER/fd"/*; do
        if [ "$file" -ef "$MACHINE_WORK" ]; then return 1; fi
        # Whatever it was called when it went: it writes to no file but its system's disk and this one.
        if [ ! -f "$file" ] || [ "$file" -ef "$MACHINE/system.img" ] || ! grep -qs '^flags:.*2$' "/proc/$NUMBER/fdinfo/${file##*/}"; then continue; fi
        name=$(readlink "$file")
        case $name in /memfd:*) ;; *' (deleted)') OPEN=$file ;; *) had=$name ;; esac
    done
    # Whoever may not look sees no file at all.
    [ -e "$file" ] || return 1
    WHAT="the machine that runs does not work on its disk image" WHY="$MACHINE_WORK is another file than the one that it has open"
    image_stands || WHY="nothing is at $MACHINE_WORK, and it goes on with the file that it has open"
    MEND="scripts/stop.sh, then scripts/start.sh   (it works on $MACHINE_WORK again; what it wrote since stays in ${had:-no file that could be seen})"
    [ -z "$OPEN" ] || MEND="scripts/rescue.sh   (what it has open becomes the disk image again; what is in its place is kept)"
}

# rescue_machine: the machine is stopped, and what it had open, as machine_is_elsewhere found it, becomes the disk image again.
rescue_machine() {
    local new=$MACHINE_WORK.new
    OTHER=''
    # Whether there is room for it is seen before the machine, which alone has it, ends; then we have it open until it is copied.
    if ! machine freeze || ! cp --sparse=always "$OPEN" "$new"; then
        rm -f "$new" && machine thaw
        return 1
    fi
    exec 7<"$OPEN" && machine stop && cp --sparse=always /proc/self/fd/7 "$new.last" && mv -f "$new.last" "$new"
    rm -f "$new.last"
    exec 7<&- && is_whole "$new" && durable "$new" || return 1
    if image_stands; then OTHER=$(keep_image "$MACHINE_WORK" -other) || return 1; fi
    put_new "$new" "$MACHINE_WORK"
}

# need_sandbox: a machine asks no engine.
need_sandbox() { :; }

# machine_made: what the machine is made for, as is_current of sandbox.sh asks for it.
machine_made() {
    local added
    added=$(additions) && echo "$GEN_COMPOSE_PROJECT $added"
}

# save_machine: the state of one that has just booted, for all starts to begin from. Without it each of them boots.
save_machine() {
    machine snapshot --memory "$GEN_MEMORY_BYTES" --cpus "$(processors)" || echo "no state is saved, so each start will boot"
}

# start_machine: a machine for this bundle, from the one that is there where that can be.
start_machine() {
    local state rooms=(--tmpfs "/tmp=$GEN_TMPFS_BYTES" --tmpfs "/home/$GEN_USER=$GEN_TMPFS_BYTES")
    [ "$GEN_READONLY_ROOT" = false ] || rooms+=(--readonly-root --tmpfs "/var/tmp=$((64 << 20))")
    state=$(machine_state)
    [ "$state" != frozen ] || machine thaw || return 1
    if [ "$state" = running ] || [ "$state" = frozen ]; then
        [ "$(cat "$MACHINE_MADE" 2>/dev/null)" != "$(machine_made)" ] || return 0
        echo "the bundle has changed, so the machine is started anew; the workspace stays"
        machine stop || return 1
    fi
    # shellcheck disable=SC2153 # common.sh sets it
    machine start --warm auto --memory "$GEN_MEMORY_BYTES" --cpus "$(processors)" --pids "$GEN_PIDS" --disk "$GEN_STORAGE_BYTES" \
        --uid "$GEN_UID" --gid "$GEN_UID" --hostname "$GEN_NAME" --project-tar "$STATE/project/project.tar" "${rooms[@]}" || return 1
    write_durably "$MACHINE_MADE" machine_made
}

# undo_machine: back to what it was before the run; or nothing, with the workspace kept unless it is to be deleted.
undo_machine() {
    local was=none kept
    [ -d "$MACHINE" ] || return 0
    if [ "${GEN_UNDO:-run}" = run ]; then
        # Nothing was written down, so nothing was done.
        [ -s "$GEN_PRIOR/was" ] || return 0
        read -r _ was <"$GEN_PRIOR/was" || return 1
    fi
    case $was in
    running | frozen) start_machine && { [ "$was" = running ] || machine freeze; } ;;
    stopped | dead) machine stop ;;
    *)
        machine kill || return 1
        if [ -e "$MACHINE_WORK" ] && [ "${GEN_UNDO:-run}" = all ] && [ "${GEN_DELETE_DATA:-}" != yes ]; then
            kept=$(keep_image "$MACHINE_WORK") || return 1
            echo "kept: $kept"
        fi
        machine discard && rm -f "$MACHINE_MADE" && forget_machine
        ;;
    esac
}

# forget_machine: the folder goes with whichever goes last, the parts or the workspace.
forget_machine() { [ -e "$MACHINE_WORK" ] || [ -e "$MACHINE_IMAGE" ] || rm -rf "$MACHINE"; }

# processors: whole ones, since a machine has no parts of one.
processors() { awk -v cpus="$GEN_CPUS" 'BEGIN { n = int(cpus); print n < cpus ? n + 1 : n }'; }

# build_machine: the image's files as a disk, with a kernel.
build_machine() {
    local tar=$MACHINE/image.tar id code
    word 1 "$(image_line "$GEN_IMAGE_REF")"
    id=$WORD
    mkdir -p "$MACHINE"
    tool_begins && create_tool "$TOOL" >/dev/null || return 1
    docker export --output "$tar" "$TOOL" || return 1
    end_tools || return 1
    whole "$(file_bytes "$tar")" || return 1
    machine build --rootfs "$tar" --size $((NUMBER * 5 / 4 + (256 << 20))) || return 1
    rm -f "$tar"
    code=$(machine_code) && [ -n "$id" ] && write_durably "$MACHINE_IMAGE" echo "$id $code"
}

# machine_code: the digest of the agent that is in the machine besides the image, and of what puts both together.
machine_code() {
    grep -E '  lib/(still|microvm/(guest/.*|wire|build|rootfs|cpio|packages))\.(py|sh)$' "$BUNDLE/MANIFEST.sha256" | digest_of
}

machine_is_built() {
    local part
    for part in build.json kernel root.img; do [ -s "$MACHINE/$part" ] || return 1; done
    [ -s "$MACHINE_IMAGE" ] && word 1 "$(image_line "$GEN_IMAGE_REF")" && [ "$(<"$MACHINE_IMAGE")" = "$WORD $(machine_code)" ]
}
