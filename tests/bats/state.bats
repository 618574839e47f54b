#!/usr/bin/env bats
# Whose the state is: a run believes what stands in .state/, so it is nobody else's.

load helper

setup() { make_bundle; }

@test "a state folder that is open to others, a link, or somebody else's is refused, and nothing runs" {
    umask 022
    for planted in 'mkdir .state' 'mkdir -m 770 .state' 'mkdir -m 700 other; ln -s other .state' 'mkdir -m 700 .state; chown 12345 .state'; do
        [ "$EUID" -eq 0 ] || case $planted in *chown*) continue ;; esac
        rm -rf .state other
        bash -c "$planted"
        started start
        [ "$code" -eq 4 ]
        [ -z "$sequence" ]
        grep -q 'state folder may not be' output
    done
    # The control: the same folder with the mode that ours has.
    rm -rf .state other
    mkdir -m 700 .state
    started start
    [ "$code" -eq 0 ]
}

@test "root runs an ordinary user's bundle whose state is that user's, and the fix of a refusal is for its cause" {
    [ "$EUID" -eq 0 ] || skip "needs root"
    mkdir -m 700 .state
    chown 12345 . .state
    started start
    [ "$code" -eq 0 ]
    chown 12346 .state
    started start
    [ "$code" -eq 4 ]
    grep -q "neither you nor the owner of the bundle" output
    grep -q "sudo -u '#12346'" output
    chown 12345 .state
    chmod 755 .state
    started start
    [ "$code" -eq 4 ]
    grep -q "open to others" output
    grep -q "chmod 700" output
}

@test "what a run writes is its user's alone, whatever mask the user has" {
    umask 002
    started start
    [ "$code" -eq 0 ]
    [ -z "$(find .state -not -type l -perm /077)" ]
    [ "$(stat -c %a .state)" = 700 ]
    # The control: such a file is found.
    touch .state/open && chmod 644 .state/open
    [ -n "$(find .state -not -type l -perm /077)" ]
}

@test "a bundle and a project lie apart" {
    . lib/common.sh
    INSTANCE="" BACKEND=""
    . "$ROOT/templates/lib/project.sh"
    refute apart "$BUNDLE"
    refute apart "$BUNDLE/local"
    refute apart "${BUNDLE%/*}"
    refute apart /
    apart "${BUNDLE%/*}/beside"
    apart "$BUNDLE-2"
}
