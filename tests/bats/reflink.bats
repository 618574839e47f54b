#!/usr/bin/env bats
# A copy of a project shares its blocks with it, on a filesystem that can. What cannot is the control.

load helper

setup() {
    ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    cd "$BATS_TEST_TMPDIR" || return
    mkdir disk
    truncate -s 400M disk.img
}

teardown() { umount disk 2>/dev/null || :; }

# mounted COMMAND...: makes the filesystem and mounts it.
mounted() {
    command -v "$1" >/dev/null || { [ "${GEN_REQUIRE_ENGINE:-}" != 1 ] && skip "$1 is not installed"; }
    "$@" disk.img
    mount -o loop disk.img disk || skip "this user may not mount"
    mkdir disk/{project,state}
    head -c 40000000 /dev/urandom >disk/project/large
}

used() { sync -f disk && df --output=used -k disk | tail -n 1; }

# taken_by_a_copy: how many kilobytes it takes.
taken_by_a_copy() {
    local before
    before=$(used)
    python3 -I -S -B "$ROOT/templates/lib/project" --state "$PWD/disk/state" enter --project "$PWD/disk/project" \
        --sandbox-uid 1000 --method plain >&2
    cmp disk/project/large disk/state/disk/tree/large >&2
    echo $(($(used) - before))
}

@test "a copy takes no room where the filesystem has reflinks" {
    mounted mkfs.xfs -q -m reflink=1
    [ "$(taken_by_a_copy)" -lt 10000 ]
    # It is a copy nevertheless.
    echo changed >disk/state/disk/tree/large
    [ "$(stat -c %s disk/project/large)" -eq 40000000 ]
}

@test "elsewhere it takes what it holds" {
    mounted mkfs.ext4 -q
    [ "$(taken_by_a_copy)" -gt 38000 ]
}
