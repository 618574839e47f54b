#!/usr/bin/env bats
# Defined ends: signals, a full disk, a read-only folder, a clock that jumps, locks that nobody holds any more.

load helper

setup() { make_bundle; }

teardown() { umount "$BUNDLE_UNDER_TEST/.state" 2>/dev/null || :; }

# rewrite STEP PHASE LINE...: the script does what it did, and before that the lines.
rewrite() {
    local file=steps/$1/$2.sh
    { printf '%s\n' 'cd "$(dirname "$0")/../.." || exit 9' "${@:3}"; cat "$file"; } >rewritten
    mv rewritten "$file"
    seal
}

fresh() { rm -rf .state made && mkdir made; }

@test "a signal in a step: the script is ended, the run undone; a closed pipe is no signal" {
    # name, exit code, result, what was done
    while read -r name want result sequence_wanted; do
        fresh
        make_step 20-image image
        rewrite 20-image "do" "kill -$name \"\$(cat runner.pid)\"; [ $name = PIPE ] || sleep 5"
        before=$SECONDS
        started start
        echo "$name: $code $last: $sequence"
        [ "$code" = "$want" ] && [[ $last == "gen: result=$result "* ]] && [ "$sequence" = "$sequence_wanted" ]
        [ $((SECONDS - before)) -lt 5 ]
        [ "$result" = committed ] || grep -q "interrupted by SIG$name" output
    done <<'TABLE'
INT 1 rolled-back network:do image:undo network:undo
TERM 1 rolled-back network:do image:undo network:undo
HUP 1 rolled-back network:do image:undo network:undo
QUIT 1 rolled-back network:do image:undo network:undo
PIPE 0 committed network:do image:do sandbox:do
TABLE
}

@test "a signal while a run is undone is answered, and the undo goes on to its end; also a second and a third" {
    for name in INT TERM HUP QUIT PIPE; do
        fresh
        make_step 20-image image
        rewrite 20-image undo "for n in 1 2 3; do kill -$name \"\$(cat runner.pid)\"; sleep 0.1; done"
        faults sandbox:do-error
        started start
        echo "$name: $code $last: $sequence"
        [ "$code" -eq 1 ] && [[ $last == "gen: result=rolled-back "* ]]
        [ "$sequence" = "network:do image:do sandbox:do sandbox:undo image:undo network:undo" ]
        [ "$name" = PIPE ] || grep -q 'still rolling back' output
        [ -z "$(ls made)" ]
    done
}

@test "a signal while a whole rollback is under way does not stop it" {
    for name in INT TERM HUP QUIT; do
        fresh
        make_step 20-image image
        rewrite 20-image undo "kill -$name \"\$(cat runner.pid)\"; sleep 0.1"
        faults
        started start
        started back
        echo "$name: $code $last: $sequence"
        [ "$code" -eq 0 ] && [[ $last == "gen: result=rolled-back "* ]] && [ -z "$(ls made)" ]
    done
}

@test "Ctrl-C reaches the whole group, twice: in the step and in its undo" {
    rewrite 20-image "do" 'touch at-work; sleep 10'
    rewrite 20-image undo 'touch at-undo; sleep 1'
    python3 - <<'PYTHON'
import os, signal, subprocess, time
process = subprocess.Popen(["bash", "start.sh"], stdout=open("output", "w"), stderr=subprocess.STDOUT, start_new_session=True)
for sign in ("at-work", "at-undo"):
    while not os.path.exists(sign):
        time.sleep(0.02)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
assert process.wait(20) == 1, open("output").read()
PYTHON
    cat output
    grep -q 'still rolling back' output
    [ -z "$(ls made)" ]
}

@test "who reads the output goes away: the run goes on to its end" {
    bash start.sh | head -n 1
    [ "$(echo $(ls made))" = "image network sandbox" ]
    grep -q '"event":"commit"' .state/journal.jsonl
}

@test "a state folder that cannot be written: refused, and nothing is done" {
    started start
    mount --bind .state .state && mount -o remount,bind,ro .state || skip "this user may not mount"
    for entry in start back recover; do
        started "$entry"
        cat output
        [ "$code" -eq 4 ] && [ "$sequence" = "" ] && [[ $last == "gen: result=refused "* ]]
        grep -q 'the state folder cannot be written' output
        grep -q 'mend:' output
    done
    umount .state
    started back
    [ "$code" -eq 0 ]
}

@test "the disk fills at any moment: nothing that was begun is left, or it is said and the next run undoes it" {
    for moment in 10-network:do 20-image:do 30-sandbox:do 20-image:verify 20-image:undo; do
        fresh
        mkdir .state
        mount -t tmpfs -o mode=700,size=256k none .state || skip "this user may not mount"
        make_step 20-image image
        make_step 10-network network
        make_step 30-sandbox sandbox
        # A fake of somebody else who fills the disk: what our own undo frees is not enough.
        rewrite "${moment%:*}" "${moment#*:}" 'dd if=/dev/zero of=.state/theirs bs=1k 2>/dev/null'
        case $moment in *undo) faults sandbox:do-error ;; *) faults ;; esac
        started start
        echo "$moment: $code $last: $sequence; left: $(ls made | xargs)"
        case $code in 0 | 1 | 3) ;; *) false ;; esac
        # A wrong success is the one thing that may not be.
        if [ "$code" -eq 0 ]; then [ "$(echo $(ls made))" = "image network sandbox" ]; fi
        if [ "$code" -eq 1 ]; then [ -z "$(ls made)" ]; fi
        rm -f .state/theirs
        make_step 20-image image && make_step 10-network network && make_step 30-sandbox sandbox && seal
        faults
        started start
        echo "  then: $code $last: $sequence"
        [ "$code" -eq 0 ]
        started back
        [ "$code" -eq 0 ] && [ -z "$(ls made)" ]
        umount .state
    done
}

# at TIME: a fake clock, for all that the runner asks for the time.
at() {
    mkdir -p bin
    printf '#!/bin/sh\ncase "$*" in *%%Y%%m%%dT*) echo %s ;; *) exec %s "$@" ;; esac\n' "$1" "$(command -v date)" >bin/date
    chmod +x bin/date
    case $PATH in "$PWD/bin:"*) ;; *) PATH=$PWD/bin:$PATH ;; esac
    grep -q 'clock()' lib/fake.sh || { printf 'clock() { NOW=$(cat "$BUNDLE/clock"); }\n' >>lib/fake.sh && seal; }
    echo "$1" >clock
}

@test "a clock that jumps, forwards and backwards, between runs: no two have one id, and the journal does not care" {
    for time in 20300101T000000Z 20200101T000000Z 20200101T000000Z 20991231T235960Z 20200101T000000Z; do
        at "$time"
        started start
        [ "$code" -eq 0 ]
        started back
        [ "$code" -eq 0 ] && [ -z "$(ls made)" ]
    done
    runs=$(sed -n 's/.*"run":"\([^"]*\)","event":"begin".*/\1/p' .state/journal.jsonl)
    [ "$(wc -l <<<"$runs")" -eq 10 ]
    [ "$(sort -u <<<"$runs" | wc -l)" -eq 10 ]
}

@test "a clock that jumps within a run, and a killed run from the future: undone like any other" {
    at 20300101T000000Z
    rewrite 20-image "do" 'echo 20200101T000000Z >clock'
    killed sandbox
    [ "$code" -eq 137 ]
    at 20200101T000000Z
    started start
    cat output
    [ "$sequence" = "sandbox:undo image:undo network:undo network:do image:do sandbox:do" ]
    [ "$code" -eq 0 ]
}

@test "two runs with the same time and the same process number have different ids" {
    . lib/common.sh
    . lib/process.sh
    set +u
    date() { echo 20260101T000000Z; }
    new_run && first=$RUN
    new_run && second=$RUN
    [ "$first" = "20260101T000000Z-$$" ] && [ "$second" = "20260101T000000Z-$(($$ + 1))" ]
    [ -d ".state/logs/$first" ] && [ -d ".state/logs/$second" ]
}

@test "the logs of the last fifty runs stay; those of a clock that was wrong go first" {
    mkdir -p .state/logs
    for n in $(seq 10 69); do mkdir ".state/logs/202601${n}T000000Z-1"; done
    mkdir .state/logs/20990101T000000Z-1
    at 20270101T000000Z
    started start
    [ "$(ls -d .state/logs/[0-9]* | wc -l)" -eq 50 ]
    [ ! -e .state/logs/20990101T000000Z-1 ] && [ ! -e .state/logs/20260110T000000Z-1 ] && [ -e .state/logs/20260169T000000Z-1 ]
    [ -n "$(ls .state/logs/20270101T000000Z-*)" ]
}

@test "a lock whose process number was given out again is nobody's" {
    mkdir -p .state
    # This test's own process lives, and began at another time than the lock says.
    ln -s "$$:1:$(cat /proc/sys/kernel/random/boot_id)" .state/lock
    started start
    [ "$code" -eq 0 ] && [ ! -L .state/lock ]
}

@test "a lock that is being broken by somebody who died is taken in the end" {
    mkdir -p .state/lock.break
    ln -s "1:1:another-boot" .state/lock
    started start
    cat output
    [ "$code" -eq 0 ] && [ ! -L .state/lock ] && [ ! -e .state/lock.break ]
}
