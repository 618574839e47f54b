#!/usr/bin/env bats
# The logs of steps: a time before each line, nothing that steers a terminal, a size that is bounded, and a script that
# behaves as if nobody read along.

load helper

setup() {
    make_bundle
    set +u
}

# do_prints COMMAND...: the first step's do.sh is these lines of shell; what it should make is made.
do_prints() {
    { printf '#!/usr/bin/env bash\ncd "$(dirname "$0")/../.." || exit 9\n'; printf '%s\n' "$@" 'touch made/network'; } >steps/10-network/do.sh
    printf 'id=network\ntitle=Make the network\ntimeout=60\nhint=h\n' >steps/10-network/step.conf
    seal
    started start
    log=$(echo .state/logs/[0-9]*/10-network.do.log)
}

# text: the log without its times.
text() { sed 's/^[0-9-]*T[0-9:]*Z //' "$log"; }

@test "the end of a build's log has what was said, and not the Dockerfile that stands behind it" {
    {
        echo '2026-01-01T00:00:00Z #8 0.1 Err:1 http://dead.invalid/debian bookworm InRelease'
        for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do echo "2026-01-01T00:00:00Z   $n |     && sh /build/x$n \\"; done
        echo '2026-01-01T00:00:00Z --------------------'
        echo '2026-01-01T00:00:00Z ERROR: failed to solve: process "/bin/sh -c x" did not complete'
    } >build.log
    . lib/common.sh && . lib/log.sh
    [ "$(last_lines build.log 15)" = $'  | #8 0.1 Err:1 http://dead.invalid/debian bookworm InRelease\n  | ERROR: failed to solve: process "/bin/sh -c x" did not complete' ]
}

@test "each line has its time, in UTC, and both streams come in the order of the script" {
    do_prints 'echo one' 'echo two >&2' 'sleep 1.1' 'printf "no line break"'
    cat "$log"
    [ "$(text)" = "$(printf 'one\ntwo\nno line break')" ]
    refute grep -qvE '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z ' "$log"
    [ "$(cut -d ' ' -f 1 "$log" | sort -u | wc -l)" -ge 2 ]
    TZ=Pacific/Kiritimati started back
    stamp=$(head -n 1 .state/logs/*/10-network.undo.log 2>/dev/null | cut -d ' ' -f 1)
    [ -z "$stamp" ] || [ "${stamp%%T*}" = "$(date -u +%Y-%m-%d)" ]
}

@test "what could steer a terminal is written out; tabs and other letters stay" {
    do_prints "printf 'a\\tb \\033[2Jred\\007 \\001\\177 \\302\\233 \\303\\251 & 50%% \\\\\\\\n\\0\\n'" "printf 'windows\\r\\n'" "printf '10%%\\r20%%\\n'"
    cat -v "$log"
    [ "$(text | head -n 1)" = $'a\tb \\x1b[2Jred\\x07 \\x01\\x7f \\x9b é & 50% \\\\n' ]
    [ "$(text | sed -n 2p)" = windows ]
    [ "$(text | sed -n 3p)" = '10%\x0d20%' ]
    refute grep -q $'[\001-\010\013-\037\177]' "$log"
}

@test "every control character has its own words" {
    . lib/common.sh
    . lib/log.sh
    run python3 - "$(for n in $(seq 1 31) 127; do case $n in 9 | 10) ;; *) written_out "<$(printf "\\$(printf %o "$n")")>" ;; esac; done)" <<'PYTHON'
import sys
expected = [f"<\\x{n:02x}>" for n in [*range(1, 32), 127] if n not in (9, 10)]
assert sys.argv[1].split("\n") == expected, sys.argv[1]
PYTHON
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(written_out $'\302\200\302\237')" = '\x80\x9f' ]
}

@test "a script that prints for ever fills no disk: beginning and newest end stay" {
    do_prints 'echo the first line' 'seq -f "%.0f 89012345678901234567890123456789012345678901234567890" 60000' 'echo the last line'
    ls -l "$log"
    [ "$code" -eq 0 ]
    [ "$(wc -c <"$log")" -le $((4 << 20)) ]
    [ "$(wc -c <"$log")" -gt $((3 << 20 - 1)) ]
    [ "$(text | head -n 1)" = "the first line" ]
    [ "$(text | tail -n 1)" = "the last line" ]
    [ "$(text | grep -c 'bytes are left out here')" -eq 1 ]
    # Nothing but whole lines, each once.
    [ -z "$(text | grep -v -e '^[0-9]* 8901234567' -e '^the ' -e 'left out')" ]
    [ -z "$(text | cut -d ' ' -f 1 | grep -x '[0-9]*' | uniq -d)" ]
}

@test "a line without an end is cut, and needs no memory" {
    do_prints "head -c 10000 /dev/zero | tr '\\0' x"
    [ "$(text | wc -l)" -eq 3 ]
    [ "$(text | tr -d '\n' | wc -c)" -eq 10000 ]
}

@test "a script that leaves a process behind that holds its output is not waited for" {
    before=$SECONDS
    do_prints 'sleep 12 &' 'echo gone'
    [ "$code" -eq 0 ]
    [ $((SECONDS - before)) -lt 8 ]
    [ "$(text)" = gone ]
}

@test "the exit code is the script's own, whatever it prints" {
    for want in 1 3 77 124; do
        rm -rf .state
        do_prints 'seq 1 20000' "exit $want"
        grep -q -e "do.sh ended with code $want" -e 'took longer than' output
        [ "$code" -eq 1 ]
        [ "$(text | tail -n 1)" = 20000 ]
    done
}

@test "the last lines that a failure shows have no times" {
    do_prints 'seq 1 40' 'exit 1'
    cat output
    [ "$(grep -c '^  | ' output)" -eq 15 ]
    grep -qx '  | 26' output
    grep -qx '  | 40' output
}

logged() { grep -qs "$1" .state/logs/*/10-network.do.log; }

@test "a signal to the whole group ends the script, and its last words are in the log" {
    do_prints 'trap "echo last words; exit 1" TERM' 'echo at work' 'sleep 15 & wait' &
    eventually logged 'at work'
    kill -INT "$(cat runner.pid)"
    wait
    cat output
    log=$(echo .state/logs/[0-9]*/10-network.do.log)
    grep -q 'interrupted by SIGINT' output
    [ "$(text | tail -n 1)" = "last words" ]
}

@test "nothing of a run is left behind, not even when it was killed" {
    do_prints 'echo one'
    [ ! -e .state/log.pipe ]
    rm -rf .state made/network
    do_prints 'kill -KILL "$(cat runner.pid)"; sleep 0.5; echo after the kill; sleep 0.5; rm -f made/network; exit 1'
    # No writer waits for ever for a line that nobody will write.
    eventually quiet
    cat .state/logs/*/*.do.log
    grep -q 'after the kill' .state/logs/*/*.do.log
}

@test "where no log can be written the run goes on without" {
    mkdir bin
    printf '#!/bin/sh\nexit 1\n' >bin/mkfifo # a fake: as on a disk that is full
    chmod +x bin/mkfifo
    PATH=$PWD/bin:$PATH started start
    cat output
    [ "$code" -eq 0 ]
    [ "$sequence" = "network:do image:do sandbox:do" ]
    grep -q 'no logs can be written' output
}
