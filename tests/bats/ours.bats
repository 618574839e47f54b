#!/usr/bin/env bats
# Whose an object is where two share what it is known by; and what a pull has brought.

load helper

setup() {
    make_bundle
    . lib/common.sh
    set +u # bats has unset variables of its own
    BACKEND=docker
    . lib/docker.sh
    . lib/storage.sh
    . lib/base.sh
    INSTANCE=0123456789abcdef
    mkdir -p .state
}

@test "a volume of our name that was made in the same second is not ours" {
    echo "volume 11 test@now test" >.state/owned
    [ "$(owner volume test@now 11)" = "$INSTANCE" ]
    [ "$(owner volume test@now -)" = - ]
    [ "$(owner volume test@later 11)" = - ]
    # As long as its id is not known, the token alone tells.
    echo "volume 11 - test" >.state/owned
    [ "$(owner volume test@now 11)" = "$INSTANCE" ]
    [ "$(owner volume test@now 22)" = - ]
}

@test "of two networks with one name ours is the one that we made" {
    echo "network 11 bb test" >.state/owned
    network_facts() { printf 'aa \nbb 11\n'; }
    [ "$(network_line test)" = "bb $INSTANCE" ]
    network_facts() { printf 'aa \n'; }
    [ "$(network_line test)" = "aa -" ]
    network_facts() { :; }
    [ -z "$(network_line test)" ]
}

@test "a pull that failed, or found it there, has brought nothing" {
    GEN_PRIOR=$PWD
    described() { echo "sha256:1d name@sha256:d1"; }
    [ -z "$(pulled_id name)" ]
    printf '1: Pulling from name\n0a: Pull complete\n' >pulled
    [ -z "$(pulled_id name)" ]
    printf 'Digest: sha256:d1\nStatus: Downloaded newer image for name\n' >pulled
    [ "$(pulled_id name)" = sha256:1d ]
    # Podman says the id.
    echo 1d >pulled
    [ "$(pulled_id name)" = sha256:1d ]
    printf 'Digest: sha256:d1\nStatus: Image is up to date for name\n' >pulled
    [ -z "$(pulled_id name)" ]
    printf 'Digest: sha256:d2\nStatus: Downloaded newer image for name\n' >pulled
    [ -z "$(pulled_id name)" ]
}

@test "what a name has is not lost to an image of ours" {
    echo "image 11 aa test" >.state/owned
    docker() { echo "$*" >>tagged; }
    described() { echo "sha256:$theirs"; }
    theirs=bb
    run name_image image sha256:cc test
    [ "$status" -eq 1 ] && [[ $output == *'it is theirs and stays'* ]] && [ ! -e tagged ]
    for theirs in aa cc; do name_image image sha256:cc test; done
    [ "$(cat tagged)" = $'tag sha256:cc test\ntag sha256:cc test' ]
}

@test "a copy of a project on the disk without its record is not taken for none" {
    . lib/project.sh
    disk_is_mounted() { :; }
    mkdir -p "$DISK"
    refute copy_without_record
    mkdir "$DISK/upper"
    copy_without_record
    echo '{}' >"$PROJECT/settings.json"
    refute copy_without_record
}
