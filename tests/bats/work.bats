#!/usr/bin/env bats
# What is written down to be taken back: each line is looked at as it is now, and a file is whole or is not there.

load helper

setup() {
    make_bundle
    . lib/common.sh
    set +u # bats has unset variables of its own
    BACKEND=docker GEN_CONTAINER=test
    mkdir -p .state storage backups
    echo 0123456789abcdef >.state/instance
    . lib/docker.sh
    . lib/storage.sh
    . lib/work.sh
    WHY='' MEND='' running=''
    docker() { [ "$1" != ps ] || echo "$running"; }
    replaced() { return 1; }
    detach() { echo detached >>trace && return 1; }
}

@test "a disk that somebody works with, or that goes by itself, is not taken away" {
    running=0123 GOING=''
    off_its_device
    [ ! -e trace ]
    running='' GOING=/dev/loop0
    off_its_device
    GOING='' HOLDER_MEND='sudo kill 1'
    refute off_its_device
    [ "$MEND" = 'sudo kill 1' ]
}

@test "the size of a disk image that is gone, or is no larger, is not changed" {
    loop_tool() { echo asked >>trace; }
    back_to_size 4096
    [ ! -e "$IMAGE" ] && [ ! -e trace ]
    truncate -s 4096 "$IMAGE"
    back_to_size 4096
    [ ! -e trace ]
}

@test "a file that is gone is taken back, and one in a folder of another's is named" {
    remove_half "$BACKUPS/x.part"
    rm -rf backups
    remove_half "$BACKUPS/x.part"
    [ "$EUID" -eq 0 ] || skip "needs root"
    mkdir -m 755 backups
    touch backups/x.part
    chmod 711 "$BATS_TEST_TMPDIR" .
    run setpriv --reuid 12345 --regid 12345 --clear-groups bash -c 'unwritable() { echo named; }; BACKUPS=$1
        eval "$2"; gone "$BACKUPS/x.part"' gone "$BACKUPS" "$(declare -f gone)"
    [ "$status" -eq 1 ] && [ "$output" = named ] && [ -e backups/x.part ]
    run setpriv --reuid 12345 --regid 12345 --clear-groups bash -c 'eval "$1"; unwritable "$2" again; echo "$MEND"' \
        unwritable "$(declare -f unwritable owner_of quoted)" "$BACKUPS"
    [ "$output" = "sudo chown -R 12345 $(quoted "$BACKUPS") && again" ]
}

@test "what a command did not print to its end becomes no file" {
    cut_short() { echo half && return 1; }
    refute write_durably file cut_short
    [ ! -e file ]
    write_durably file echo whole
    [ "$(cat file)" = whole ]
    refute write_durably file cut_short
    [ "$(cat file)" = whole ]
}

@test "a word that could not be written is not there, and one that is empty is made" {
    (durable() { return 1; } && made_once "$STATE/token" 16) && return 1
    [ "$(ls .state)" = instance ]
    (random_word() { printf 0a; } && made_once "$STATE/token" 16) && return 1
    [ "$(ls .state)" = instance ]
    : >.state/token
    word=$(made_once "$STATE/token" 16)
    [ ${#word} -eq 32 ] && [ "$(made_once "$STATE/token" 16)" = "$word" ]
    # One that was cut off may have been used.
    echo 0a >.state/token
    (made_once "$STATE/token" 16) && return 1
    [ "$(cat .state/token)" = 0a ]
}

@test "a bundle that has made something takes no other name" {
    : >.state/instance
    echo "container 11 aa test" >.state/owned
    run instance
    [ "$status" -eq 4 ] && [[ $output == *'is lost'* ]] && [ ! -s .state/instance ]
    : >.state/owned
    word=$(instance)
    [ ${#word} -eq 16 ]
}

@test "a record that could not be changed stays as it was" {
    echo "container 11 aa test" >.state/owned
    awk() { return 1; }
    refute owned 11 bb
    refute disown container 11
    unset -f awk
    [ "$(cat .state/owned)" = "container 11 aa test" ]
}
