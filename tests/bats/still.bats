#!/usr/bin/env bats
# The disk of a copy is held still while it is looked at: on a real filesystem, and let go whoever is killed.

load helper
bats_require_minimum_version 1.5.0

setup() {
    make_bundle
    cp "$ROOT/templates/lib/still.py" lib/
    seal
    . lib/common.sh
    set +u # bats has unset variables of its own
    BACKEND=docker MACHINE_WORK='' STORAGE=$PWD INSTANCE=none
    . lib/storage.sh
    mkdir -p "$DISK"
    truncate -s 16M disk.img
    mkfs.ext4 -q disk.img
    mount -o loop disk.img "$DISK" || skip "this user may not mount"
}

teardown() {
    fsfreeze --unfreeze "$DISK" 2>/dev/null || :
    umount "$DISK" "$STATE/project" 2>/dev/null || :
}

# begun_to_hold COMMAND...: held_still in a process group of its own, known by GROUP; returns when it holds.
begun_to_hold() {
    set -m
    held_still "$@" >/dev/null 2>&1 3>&- &
    GROUP=$!
    set +m
    eventually test -s "$HELD"
    eventually test -e begun
}

write_to_disk() { timeout --signal=KILL "$1" sh -c "echo written >$(quoted "$DISK")/file"; }

# waits_to_write: begins to write, by process WRITER, and sees that this waits.
waits_to_write() {
    write_to_disk 60 3>&- &
    WRITER=$!
    sleep 0.5
    kill -0 "$WRITER"
    refute test -s "$DISK/file"
}

# ended PROCESS: its end, which comes within a minute: what waits for a disk is not even killed.
ended() {
    eventually gone "$1"
    wait "$1"
}
gone() { ! kill -0 "$1" 2>/dev/null; }

holder() { pgrep -f "still.py $DISK $HELD\$"; }

@test "while the disk is held it is read and not written; then what waited goes on" {
    echo before >"$DISK/other"
    begun_to_hold sh -c 'touch begun; until [ -e end ]; do sleep 0.1; done'
    waits_to_write
    [ "$(cat "$DISK/other")" = before ]
    touch end
    ended "$GROUP"
    ended "$WRITER"
    [ "$(cat "$DISK/file")" = written ]
    [ ! -s "$HELD" ]
}

@test "the command has its own input, output and end" {
    [ "$(echo in | held_still sh -c 'cat; echo out')" = $'in\nout' ]
    run -1 held_still sh -c 'exit 3'
    [ "$(find "$STATE/project" -name 'held.*')" = '' ]
}

@test "who is killed with all that is of its group holds nothing any more" {
    begun_to_hold sh -c 'touch begun; sleep 60'
    waits_to_write
    kill -KILL -"$GROUP"
    ended "$WRITER"
    eventually test ! -s "$HELD"
}

@test "a holder that is killed itself is seen: by whoever looks next, and by let_go" {
    for next in 'held_still true' let_go unmount_disk; do
        rm -f begun
        mountpoint -q "$DISK" || mount -o loop disk.img "$DISK"
        rm -f "$DISK/file"
        begun_to_hold sh -c 'touch begun; sleep 60'
        kill -KILL $(holder)
        kill -KILL -"$GROUP"
        [ -s "$HELD" ]
        waits_to_write
        $next
        ended "$WRITER" || [ "$next" = unmount_disk ]
        [ ! -s "$HELD" ]
    done
}

@test "let_go leaves alone what somebody holds at this moment" {
    begun_to_hold sh -c 'touch begun; until [ -e end ]; do sleep 0.1; done'
    let_go
    waits_to_write
    touch end
    ended "$GROUP"
    ended "$WRITER"
}

@test "two hold it one after the other" {
    begun_to_hold sh -c 'touch begun; sleep 1; touch first'
    held_still test -e first
    ended "$GROUP"
}

@test "who else holds it, to back up the whole machine for instance, is waited for and not disturbed" {
    fsfreeze --freeze "$DISK"
    (sleep 1; touch thawed; fsfreeze --unfreeze "$DISK") 3>&- &
    held_still test -e thawed
    write_to_disk 10
}

@test "where nothing is mounted, the filesystem below is never held" {
    umount "$DISK"
    # On a filesystem that cannot be frozen: should it be tried nevertheless, this fails, and the machine goes on.
    mount -t tmpfs -o size=64k none "$STATE/project"
    mkdir "$DISK"
    run -1 held_still touch ran
    [[ $output == *"the workspace cannot be held still: nothing is mounted there"* ]]
    [ ! -e ran ]
    [ ! -s "$HELD" ]
    write_to_disk 10
    # A note from before the host was started anew, with the folder and without it.
    for _ in 1 2; do
        echo held >"$HELD"
        let_go
        [ ! -s "$HELD" ]
        rm -rf "$DISK"
    done
}
