#!/usr/bin/env bats
# The journal: a torn last record is dropped, anything else that does not check is refused.

load helper

setup() {
    make_bundle
    started start
    cp .state/journal.jsonl whole
}

@test "each record is a JSON object with a number, a time and a checksum" {
    run python3 -c '
import json
records = [json.loads(line) for line in open(".state/journal.jsonl")]
assert [r["seq"] for r in records] == list(range(1, len(records) + 1))
assert [r["event"] for r in records] == ["begin", "doing", "done", "doing", "done", "doing", "done", "commit"], records
assert len({r["run"] for r in records}) == 1
'
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a record's checksum is what cksum says of what stands before it" {
    while IFS= read -r line; do
        [ "${line##*,\"sum\":}" = "$(printf '%s' "${line%,\"sum\":*}" | cksum | cut -d ' ' -f 1)}" ]
    done <whole
    . lib/common.sh
    . lib/journal.sh
    for text in '' a $'\001~ü' "$(seq 500)"; do
        checksum "$text"
        [ "$SUM" = "$(printf '%s' "$text" | cksum | cut -d ' ' -f 1)" ]
    done
}

@test "every prefix of the last record is dropped" {
    lines=$(wc -l <whole)
    head -n $((lines - 1)) whole >before
    last_record=$(tail -n 1 whole)
    length=${#last_record}
    for cut in 1 2 10 $((length / 2)) $((length - 1)); do
        rm -f .state/journal.checked
        { cat before; printf '%s' "${last_record:0:$cut}"; } >.state/journal.jsonl
        faults
        started start
        echo "cut $cut: $code $last"
        [ "$code" -eq 0 ]
        # The commit was never written, so the run counts as interrupted.
        [ "$sequence" = "sandbox:undo image:undo network:undo network:do image:do sandbox:do" ]
        cp whole .state/journal.jsonl
    done
}

@test "a damaged record in the middle is refused, and nothing is changed" {
    sed -i '3s/done/dome/' .state/journal.jsonl
    started start
    cat output
    [ "$code" -eq 4 ]
    [ "$sequence" = "" ]
    grep -q 'line 3' output
    started back
    [ "$code" -eq 4 ]
    [ "$sequence" = "" ]
}

@test "a damaged record in a part that was checked before is refused too" {
    started start
    [ -s .state/journal.checked ]
    sed -i '2s/network/notwork/' .state/journal.jsonl
    started start
    [ "$code" -eq 4 ]
}

@test "what cannot be read is not taken for nothing to do" {
    # A program that is asked for the steps, or for what the journal says, and is not there for this once.
    mkdir bin
    printf '#!/bin/sh\ncase $* in *steps/*) exit 1 ;; esac\nexec /bin/sed "$@"\n' >bin/sed
    chmod +x bin/sed
    PATH=$PWD/bin:$PATH started start
    cat output
    [ "$code" -eq 4 ]
    grep -q 'which steps this bundle has cannot be known' output
    rm bin/sed
    printf '#!/bin/sh\ncase $* in *did*) exit 1 ;; esac\nexec /usr/bin/awk "$@"\n' >bin/awk
    chmod +x bin/awk
    PATH=$PWD/bin:$PATH started back
    cat output
    [ "$code" -eq 4 ]
    grep -q 'the journal cannot be read' output
    started back
    [ "$code" -eq 0 ]
    [ -z "$(ls made)" ]
}
