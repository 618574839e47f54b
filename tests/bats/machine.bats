#!/usr/bin/env bats
# What becomes of a microVM's workspace when everything is undone.

load helper

setup() {
    make_real_bundle none
    cp "$BATS_TEST_DIRNAME/../../templates/lib/machine.sh" lib/
    mkdir -p .state/microvm storage
    echo 0123456789abcdef >.state/instance
    echo precious >.state/microvm/work.img
}

# undone [NAME=VALUE...]: undo_machine, with a fake in the place of the machine: it only writes down what it was told, and
# takes the workspace away when it is told to discard.
undone() {
    # shellcheck disable=SC2016 # that shell expands it
    env "$@" bash -c 'for f in common docker storage machine; do . "lib/$f.sh"; done
        machine() { echo "machine $1"; [ "$1" != discard ] || rm -f "$MACHINE_WORK"; }
        [ -z "${NO_ROOM:-}" ] || keep_image() { return 1; }
        GEN_UNDO=all undo_machine'
}

@test "the workspace is kept" {
    run undone A=a
    [ "$status" -eq 0 ]
    [[ $output == *"kept: "* ]]
    [ "$(cat storage/kept/*.img)" = precious ]
}

@test "the workspace goes when that is asked for" {
    run undone GEN_DELETE_DATA=yes
    [ "$status" -eq 0 ]
    [ ! -e .state/microvm/work.img ]
    [ ! -e storage/kept ]
}

@test "a workspace that cannot be kept stays where it is, and the undo fails" {
    run undone NO_ROOM=yes
    [ "$status" -ne 0 ]
    [[ $output != *"machine discard"* ]]
    [ "$(cat .state/microvm/work.img)" = precious ]
}

@test "a machine that still runs is in the fingerprint" {
    mkdir -p .state/microvm
    cp "$BATS_TEST_DIRNAME/../../templates/lib/fingerprint.sh" lib/
    inventory() { bash -c '. lib/common.sh; . lib/fingerprint.sh; kernel_inventory' | grep '^process' || :; }
    [ -z "$(inventory)" ]
    # A program of another name that works there is none.
    cp "$(command -v sleep)" qemu-system-x86_64
    (cd .state/microvm && exec sleep 60) 3>&- &
    other=$!
    (cd .state/microvm && exec ../../qemu-system-x86_64 60) 3>&- &
    eventually grep -q qemu "/proc/$!/comm"
    [ "$(inventory | wc -l)" -eq 1 ]
    [[ $(inventory) == "process of a machine, owner="* ]]
    kill $!
    wait $! || :
    [ -z "$(inventory)" ]
    kill "$other"
}
