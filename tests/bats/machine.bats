#!/usr/bin/env bats
# What becomes of a microVM's workspace when everything is undone.

load helper

setup() {
    make_real_bundle none
    cp "$BATS_TEST_DIRNAME/../../templates/lib/machine.sh" lib/
    seal_real
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
    seal_real
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

# is_built [note]: whether a machine for the image that is there counts as built; with "note", after it was noted as such.
is_built() {
    # shellcheck disable=SC2016 # that shell expands it
    bash -c 'for f in common docker storage machine; do . "lib/$f.sh"; done
        image_line() { echo "sha256:1 mark"; }
        for part in build.json kernel root.img; do mkdir -p "$MACHINE" && echo part >"$MACHINE/$part"; done
        [ -z "${WITHOUT:-}" ] || rm "$MACHINE/$WITHOUT"
        [ "${1:-}" != note ] || echo "sha256:1 $(machine_code)" >"$MACHINE_IMAGE"
        machine_is_built' is_built "$@"
}

@test "a machine is built anew when the agent in it is another one, and not for what is on the host" {
    export GEN_BUNDLE_SEEN=$PWD
    printf 'a  lib/microvm/guest/agent.py\nb  lib/microvm/qemu.py\nc  lib/still.py\n' >MANIFEST.sha256
    refute is_built
    is_built note
    # A note of what is not there any more is none.
    for part in build.json kernel root.img; do WITHOUT=$part refute is_built; done
    sed -i 's/^b/bb/' MANIFEST.sha256
    is_built
    for line in a c; do
        is_built note
        sed -i "s/^$line/other/" MANIFEST.sha256
        refute is_built
    done
    # What was noted by a bundle from before that.
    echo sha256:1 >.state/microvm/image
    refute is_built
}
