#!/usr/bin/env bats
# The small helpers of lib/, each by itself.

load helper

setup() {
    make_bundle
    . lib/common.sh
    set +u # bats has unset variables of its own
}

@test "subnets overlap exactly when they share an address" {
    . lib/subnet.sh
    [ "$(overlapping 172.30.0.0/24 '10.0.0.0/8 172.30.0.128/25')" = 172.30.0.128/25 ]
    [ "$(overlapping 172.30.0.128/25 172.30.0.0/24)" = 172.30.0.0/24 ]
    [ "$(overlapping 172.30.0.0/24 172.16.0.0/12)" = 172.16.0.0/12 ]
    [ "$(overlapping 192.168.255.0/24 192.168.0.0/16)" = 192.168.0.0/16 ]
    [ -z "$(overlapping 172.30.0.0/24 '172.30.1.0/24 172.29.0.0/16 10.30.0.0/24')" ]
    [ -z "$(overlapping 172.30.0.0/25 172.30.0.128/25)" ]
    [ -z "$(overlapping 255.255.255.0/24 '0.0.0.0/1')" ]
}

@test "the first candidate is the original plan's network, and all candidates differ" {
    . lib/subnet.sh
    [ "$(candidate_subnets | head -n 1)" = 172.30.0.0/24 ]
    [ "$(candidate_subnets | wc -l)" -eq 512 ]
    [ "$(candidate_subnets | sort -u | wc -l)" -eq 512 ]
}

@test "the host's routes are read as networks" {
    . lib/subnet.sh
    routes=$(host_routes)
    echo "$routes"
    while read -r route; do
        [[ -z $route || $route =~ ^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/([1-9]|[12][0-9]|3[0-2])$ ]]
    done <<<"$routes"
    # The kernel's own view, by another tool, where it is installed.
    if command -v ip >/dev/null; then
        for network in $(ip -4 route show table main | grep -v -e '^default' -e ^unreachable | awk '{print $1}' | grep /); do
            grep -qx "$network" <<<"$routes"
        done
    fi
}

@test "sizes are written as a person writes them" {
    [ "$(human 0)" = 0B ]
    [ "$(human 1023)" = 1023B ]
    [ "$(human 1536)" = 1.5K ]
    [ "$(human $((20 << 30)))" = 20G ]
    [ "$(human $((3 << 40)))" = 3T ]
}

@test "a durable write is all or nothing" {
    mkdir folder
    echo old >folder/file
    echo new | write_durably folder/file
    [ "$(cat folder/file)" = new ]
    mkdir folder/file2.new # in the way
    run write_durably folder/file2 <<<"x"
    [ "$status" -ne 0 ]
    [ ! -e folder/file2 ]
}

@test "the instance is made once, even by many at once, and is 16 hexadecimal digits" {
    for one in 1 2 3 4 5 6 7 8; do bash -c '. lib/common.sh; instance' >"id.$one" & done
    wait
    [ "$(cat id.* | sort -u | wc -l)" -eq 1 ]
    [[ $(cat id.1) =~ ^[0-9a-f]{16}$ ]]
}

@test "help is the comment at the head of a script" {
    printf '#!/bin/sh\n# First line.\n#\n# usage: x\n# shellcheck source=y\necho code\n# not this\n' >script
    run usage script
    echo "$output"
    [ "$output" = "$(printf 'First line.\n\nusage: x')" ]
}

@test "an ext4 filesystem is told from anything else" {
    IMAGE=x
    . lib/storage.sh
    truncate -s 8M empty
    refute is_ext4 empty
    refute is_ext4 no-such-file
    mkfs.ext4 -q -F empty
    is_ext4 empty
}

@test "room is what is free less the reserve, and what is allocated already counts for us" {
    . lib/storage.sh
    free_bytes() { echo $((10 << 30)); }
    GEN_STORAGE_RESERVE_BYTES=$((2 << 30)) GEN_STORAGE_OVERCOMMIT=false
    room_for $((8 << 30)) none
    refute room_for $(((8 << 30) + 1)) none
    allocated_bytes() { echo $((5 << 30)); }
    touch file
    room_for $((13 << 30)) file
    refute room_for $((14 << 30)) file
    GEN_STORAGE_OVERCOMMIT=true
    room_for $((1 << 40)) none
}

@test "every script of the bundle is bash 3.2: nothing newer is used" {
    # A line that asks for the version itself may. What came with bash 4 and later: associative arrays, mapfile, case modification, negative substrings, wait -n, |&, &>>, printf into an array
    found=$(grep -nE 'declare -A|local -A|mapfile|readarray|\$\{[A-Za-z_]+(,,?|\^\^?)\}|wait -n|\|&|&>>|coproc|\$\{[A-Za-z_]+@[A-Z]\}|printf -v [A-Za-z_]+\[|%\(.*\)T|\[\[ -v|local -n|EPOCHSECONDS' \
        -r "$ROOT"/templates/lib "$ROOT"/templates/steps "$ROOT"/templates/checks "$ROOT"/templates/files --include '*.sh' | grep -v BASH_VERSINFO || true)
    echo "$found"
    [ -z "$found" ]
    found=$(grep -nwE 'eval' -r "$ROOT"/templates --include '*.sh' || true)
    echo "$found"
    [ -z "$found" ]
}

@test "free space is read as df has it, whatever the names beside the numbers" {
    . lib/storage.sh
    [ "$(free_bytes /)" -gt 0 ]
    df() { printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a b 1000 400 600 40%% /mnt/with 5 spaces\n'; }
    [ "$(free_bytes /)" -eq $((600 * 1024)) ]
}

@test "an engine or a plugin that is too old, or not there, is a problem with its mend" {
    GEN_MINIMUM_DOCKER=25.0 GEN_MINIMUM_COMPOSE=2.24 GEN_MINIMUM_BUILDX=0.8 GEN_CPUS=1 GEN_MEMORY_BYTES=1
    . lib/client.sh
    . lib/preflight.sh
    export DOCKER_HOST=unix:///nowhere
    name_problems() { :; }
    good='linux|26.1.5+dfsg1|2|1000|name=seccomp |buildx=0.13.1+ds1 compose=v2.26.1-4 |'
    [ -z "$(host_problems "$good")" ]
    [[ $(host_problems "${good/26.1.5/20.10.24}") == *"the engine is version 20.10.24+dfsg1, and 25.0 or newer is needed"*mend:* ]]
    [[ $(host_problems "${good/compose=v2.26.1-4 /}") == *"Compose is not installed"*mend:* ]]
    [[ $(host_problems "${good/v2.26/v2.6}") == *"Compose is version v2.6.1-4"* ]]
    [[ $(host_problems "${good/buildx=0.13/buildx=0.7}") == *"Buildx is version 0.7"* ]]
    [[ $(host_problems "${good/linux/windows}") == *"windows containers"* ]]
    [[ $(host_problems "${good/name=seccomp/name=rootless}") == *rootless* ]]
    GEN_CPUS=2.5
    [[ $(host_problems "$good") == *"asks for 2.5 processors, and the host has 2"* ]]
    GEN_CPUS=1 GEN_MEMORY_BYTES=1001
    [[ $(host_problems "$good") == *"of memory"* ]]
}

@test "a mount that somebody else makes meanwhile is said and does not count; one in our folder does" {
    GEN_ENGINE=none INSTANCE=0123456789abcdef
    . lib/fingerprint.sh
    mkdir -p "$STATE" "$BATS_TEST_TMPDIR/stick"
    fingerprint before
    mount -t tmpfs -o size=64k none "$BATS_TEST_TMPDIR/stick" || skip "this user may not mount"
    fingerprint after
    said=$(difference before after) && code=0 || code=$?
    umount "$BATS_TEST_TMPDIR/stick"
    [ "$code" -eq 0 ]
    [[ $said == *"somebody else made meanwhile: mount $BATS_TEST_TMPDIR/stick "* ]]

    mount -t tmpfs -o size=64k none "$STATE"
    fingerprint after.ours
    said=$(difference before after.ours) && code=0 || code=$?
    umount "$STATE"
    echo "$said"
    [ "$code" -eq 1 ]
    [[ $said == *"left over: mount "*"owner=$INSTANCE"* ]]
}

@test "what stands there twice is counted: a second mount is neither new nor gone" {
    GEN_ENGINE=none INSTANCE=0123456789abcdef
    . lib/fingerprint.sh
    printf '%s\n' 'mount /dev/pts owner=host' 'mount /dev/pts owner=host' 'process of a machine, owner=0123456789abcdef' >before
    cp before after
    [ -z "$(difference before after)" ]
    { cat before && echo 'mount /dev/pts owner=host'; } >after
    [ "$(difference before after)" = 'somebody else made meanwhile: mount /dev/pts owner=host' ]
    { cat before && tail -n 1 before; } >after
    said=$(difference before after) && code=0 || code=$?
    [ "$code $said" = '1 left over: process of a machine, owner=0123456789abcdef' ]
    said=$(difference after before) && code=0 || code=$?
    [ "$code $said" = '1 missing:   process of a machine, owner=0123456789abcdef' ]
}

@test "a loop device that somebody else attaches or detaches meanwhile does not count; one of our workspace does" {
    GEN_ENGINE=none INSTANCE=0123456789abcdef
    . lib/fingerprint.sh
    mkdir -p "$STATE" "$STORAGE"
    # Somebody else's file has the same last name.
    other=$BATS_TEST_TMPDIR/workspace-$INSTANCE.img ours=$STORAGE/workspace-$INSTANCE.img
    truncate -s 64k "$other" "$ours"
    # Other tests attach devices of theirs at the same time.
    found() { difference "$1" "$2" | grep -F "$BATS_TEST_TMPDIR" && return "${PIPESTATUS[0]}"; }
    fingerprint before
    device=$(losetup --find --show "$other") || skip "this user may not attach a device"
    fingerprint after
    losetup --detach "$device"
    said=$(found before after)
    [[ $said == *"somebody else made meanwhile: loop ${device#/dev/} $other owner=host"* ]]
    [ -z "$(found after before)" ]

    device=$(losetup --find --show "$ours")
    fingerprint after.ours
    losetup --detach "$device"
    difference before after.ours >said && code=0 || code=$?
    [ "$code" -eq 1 ]
    grep -F "left over: loop ${device#/dev/} $ours owner=$INSTANCE" said
    difference after.ours before >said && code=0 || code=$?
    [ "$code" -eq 1 ]
    grep -F "missing:   loop ${device#/dev/}" said
}

@test "quoted: a word that a shell reads as what it was" {
    for text in plain 'with space' "it's" "''" '$HOME `x` "y" \' $'ü\tné' ''; do
        [ "$(bash -c "printf '%s' $(quoted "$text")")" = "$text" ]
    done
}

@test "a remembered name that cannot be taken away fails; one that was never there does not" {
    INSTANCE=0123456789abcdef GEN_NAME=n
    . lib/docker.sh
    remember_name volume other
    [ "$(cat "$STATE/names/volume")" = other ]
    rm() { return 1; }
    forget_name volume && code=0 || code=$?
    [ "$code" -eq 1 ]
    unset -f rm
    # What a write that was cut off has left goes too.
    echo oth >"$STATE/names/volume.new"
    forget_name volume
    [ ! -e "$STATE/names" ]
    forget_name volume
}
