#!/usr/bin/env bats
# A verify looks at what its step promises, not at a name; and what we mount for ourselves nobody else sees.

load helper

setup() {
    make_bundle
    . lib/common.sh
    set +u # bats has unset variables of its own
    BACKEND=docker
    . lib/docker.sh
    . lib/storage.sh
    . lib/base.sh
    . lib/mirror.sh
}

@test "a name with no system behind it is no base image" {

    [ "$(base_lacks 'sha256:1 0 0 linux')" = 'it is empty' ]
    [ "$(base_lacks 'sha256:1 1 0 linux')" = 'it is too small to hold a system' ]
    [ "$(base_lacks 'sha256:1 1 1048576 linux')" = 'it is too small to hold a system' ]
    [ "$(base_lacks 'sha256:1 2 90000000 windows')" = 'it is for another system than Linux' ]
    [ "$(base_lacks 'sha256:1 a[$(touch${IFS}trap)] 90000000 linux')" = 'it is empty' ]
    [ "$(base_lacks 'sha256:1 1 a[$(touch${IFS}trap)] linux')" = 'it is too small to hold a system' ]
    [ ! -e trap ]
    run base_lacks 'sha256:1 1 90000000 linux'
    [ "$status" -eq 1 ] && [ -z "$output" ]
}

@test "a disk image that was cut off is not whole" {
    command -v mkfs.ext4 >/dev/null || skip "no mkfs.ext4"
    for size in 64M 3G; do
        rm -f disk && truncate -s "$size" disk && mkfs.ext4 -q -F disk
        is_whole disk
        truncate -s 10M disk
        is_ext4 disk # as it was asked before
        ! is_whole disk || false
    done
    : >nothing
    ! is_whole nothing || false
    ! is_whole nowhere || false
}

@test "what is mounted in the place of the disk image is not the disk image" {
    [ "$EUID" -eq 0 ] || skip "only root mounts"
    DISK="$PWD/a disk" && mkdir "$DISK"
    attached_device() { echo /dev/loop0; }
    unshare --mount --propagation private true || skip "no namespaces"
    mount -t tmpfs none "$DISK"
    run disk_is_mounted
    [ "$status" -eq 0 ] # as it was asked before
    run disk_shows_image
    umount "$DISK"
    [ "$status" -ne 0 ]
}

@test "what a making mounts nobody else sees, and it goes with it, also when it is killed" {
    [ "$EUID" -eq 0 ] && unshare --mount --propagation private true || skip "only root mounts"
    mkdir tree
    making='mount -t tmpfs none tree && touch tree/ours mounted && sleep 60'
    seen() { grep -c "$PWD/tree" <(sed 's/\\040/ /g' /proc/self/mountinfo); }
    alone bash -c "$making" 3>&- &
    until [ -e mounted ]; do sleep 0.1; done
    [ "$(seen)" -eq 0 ] && [ ! -e tree/ours ]
    kill -KILL $! && true || :
    # The control: without it the mount is left, and whoever removes the tree reaches what is mounted there.
    rm mounted
    bash -c "$making" 3>&- &
    until [ -e mounted ]; do sleep 0.1; done
    kill -KILL $! && true || :
    left=$(seen)
    umount tree
    [ "$left" -eq 1 ]
}
