#!/usr/bin/env bats
# One run at a time; a dead owner does not hold the lock.

load helper

setup() { make_bundle; }

@test "of eight that start at once, one runs and seven are refused" {
    for one in 1 2 3 4 5 6 7 8; do
        { bash start.sh >"output.$one" 2>&1; echo $? >"code.$one"; } &
    done
    wait
    cat code.*
    # Those that come when the first has ended find everything done: they are not refused, and change nothing.
    [ "$(grep -lx 'network:do' trace | wc -l)" -eq 1 ]
    [ "$(grep -cx 'network:do' trace)" -eq 1 ]
    [ "$(cat code.* | grep -cvx -e 0 -e 4)" -eq 0 ]
    [ ! -L .state/lock ]
}

@test "the lock of a living process is respected, and its owner named" {
    sleep 30 &
    owner=$!
    mkdir -p .state
    ln -s "$(bash -c '. lib/common.sh; . lib/lock.sh; process_name '$owner)" .state/lock
    started start
    kill $owner
    cat output
    [ "$code" -eq 4 ]
    grep -q "process $owner holds the lock" output
    [ -L .state/lock ]
}

@test "the lock of a dead process is taken over" {
    mkdir -p .state
    sleep 0 &
    dead=$!
    wait $dead
    ln -s "$dead:1:none" .state/lock
    started start
    [ "$code" -eq 0 ]
    [ ! -L .state/lock ]
}

@test "a process with the same number from another boot does not hold the lock" {
    mkdir -p .state
    ln -s "$$:1:another-boot" .state/lock
    started start
    [ "$code" -eq 0 ]
}
