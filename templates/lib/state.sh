# Whether the folder where a bundle keeps what it knows is its own, and has nothing in it but files. Sourced by common.sh.
# shellcheck shell=bash

# owner_of PATH: the number of its user; nothing for what is not there.
# shellcheck disable=SC2012 # only its numbers are read, which stand before the name
owner_of() { ls -ldn "$1" 2>/dev/null | awk '{ print $3 }'; }

# own_state: refuses a state folder that somebody else may have filled, since a run believes what is in it. Ours is made with
# this mode; what came with a clone or an archive has another one. Whoever owns the bundle could change this very script, so that
# its state is theirs costs nobody anything: root runs such a bundle where an ordinary user may not use the engine.
own_state() {
    local mode='' mend why="$STATE is a link"
    [ -e "$STATE" ] || [ -L "$STATE" ] || return 0
    mend="ls -la $(quoted "$STATE")   (nothing of this bundle makes it one; if it is not yours: rm $(quoted "$STATE"))"
    if [ ! -L "$STATE" ]; then
        mode=$(ls -ld "$STATE")
        why="$STATE is open to others than its owner"
        mend="ls -la $(quoted "$STATE")   (if you know where it is from: chmod 700 $(quoted "$STATE"); if not: rm -r $(quoted "$STATE"))"
        if [ ! -O "$STATE" ] && [ "$(owner_of "$STATE")" != "$(owner_of "$BUNDLE")" ]; then
            mode='' why="$STATE belongs to neither you nor the owner of the bundle"
            mend="sudo -u '#$(owner_of "$STATE")' $(quoted "$0")   (as the user who ran it before)"
        fi
    fi
    case $mode in drwx------*) only_files && return ;; esac
    refuse "the state folder may not be this bundle's own, so nothing is run" "$why" "$mend"
}

# only_files: refuses a state folder with something in it that a script which reads it would wait for, or that is a device. What we make
# of that kind has these names.
only_files() {
    local odd
    odd=$(cd "$STATE" && find . -xdev -maxdepth 3 \( -path ./project/disk -o -path './project/track*' -o -path ./microvm \) -prune -o \
        \( -type p -o -type s -o -type b -o -type c \) ! -name pipe ! -name 'held.*' ! -name 'log.*' -print 2>/dev/null | head -n 1)
    [ -z "$odd" ] || refuse "something in the state folder is neither a file nor a folder, so nothing is run" "$STATE/${odd#./}" \
        "ls -l $(quoted "$STATE/${odd#./}")   (nothing of this bundle makes it one; then: rm $(quoted "$STATE/${odd#./}"))"
}
