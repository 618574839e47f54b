#!/usr/bin/env bats
# What a rollback would cost, as the plan shows it: the workspace, its copies, and what git in the sandbox answers.

load helper

setup() {
    make_real_bundle running
    our_sandbox
    mkdir -p storage/kept backups
    truncate -s 1M storage/workspace-0123456789abcdef.img
    answer=$BATS_TEST_TMPDIR/answer
    : >"$answer"
    # A fake engine in front of the fake one: what the sandbox answers to the question about git stands in a file.
    rm "$BATS_TEST_TMPDIR/bin/docker"
    printf '#!/bin/sh\n[ "$1" != exec ] || { cat "%s" && exit; }\nexec bash "%s" "$@"\n' "$answer" "$BATS_TEST_DIRNAME/fake-docker" >"$BATS_TEST_TMPDIR/bin/docker"
    chmod +x "$BATS_TEST_TMPDIR/bin/docker"
}

# cost EXPRESSION: looks, and prints something of the JSON, which is d.
cost() {
    bash -c 'for f in common json docker storage cost; do . "lib/$f.sh"; done; cost_look yes; printf "{%s}" "$(cost_json)"' >"$BATS_TEST_TMPDIR/json"
    python3 -c "import json,sys; d=json.load(open(sys.argv[1])); print($1)" "$BATS_TEST_TMPDIR/json"
}
words() { bash -c 'for f in common json docker storage cost; do . "lib/$f.sh"; done; cost_look yes; cost_text'; }

@test "the newest copy counts, be it a backup or an image that was kept" {
    [ "$(cost 'd["newest_copy"]')" = None ]
    [[ $(words) == *"there is no other copy of it"* ]]
    touch -d '2026-01-02 00:00:00Z' "backups/a b.tar.gz"
    touch -d '2026-01-01 00:00:00Z' storage/kept/older.img backups/older.tar.gz
    touch backups/half.tar.gz.part backups/x.sha256
    [ "$(cost 'd["newest_copy"]')" = "{'file': 'backups/a b.tar.gz', 'bytes': 0, 'time': '2026-01-02T00:00:00Z'}" ]
    touch storage/kept/newest.img
    [ "$(cost 'd["newest_copy"]["file"]')" = storage/kept/newest.img ]
}

@test "what the agent answers is taken for lines of numbers and a folder, or left out" {
    printf '%s\n' '3 - /workspace/a b' '0 0 /workspace/clean' '1 2 relative' 'x 1 /workspace/x' '99999999999 1 /workspace/y' \
        $'1 1 /workspace/\033[31m"q\\' '; rm -rf /' >"$answer"
    [ "$(cost '[(r["folder"], r["changes"], r["commits"]) for r in d["repositories"]]')" = \
        "[('/workspace/a b', 3, None), ('/workspace/clean', 0, 0), ('/workspace/\\\\x1b[31m\"q\\\\', 1, 1)]" ]
    words >"$BATS_TEST_TMPDIR/words"
    cat "$BATS_TEST_TMPDIR/words"
    [ "$(grep -c 'git in' "$BATS_TEST_TMPDIR/words")" -eq 2 ]
    refute grep -q $'\033' "$BATS_TEST_TMPDIR/words"
}

@test "where nobody can be asked nothing is claimed" {
    [ "$(cost '(d["repositories"], d["lost_outside_workspace"])')" = "([], True)" ]
    FAKE_ENGINE=none
    [ "$(cost '(d["repositories"], d["lost_outside_workspace"])')" = "(None, False)" ]
    FAKE_ENGINE=dead
    [ "$(cost '(d["repositories"], d["lost_outside_workspace"])')" = "(None, None)" ]
    [[ $(words) == *"the engine does not say"* ]]
    rm storage/*.img
    [ "$(cost '(d["workspace"], d["workspace_bytes"])')" = "(None, None)" ]
    [[ $(words) == *"no workspace"* ]]
}

@test "a number has no leading zeros, whatever git in the sandbox prints" {
    printf '%s\n' '007 08 /workspace/r' '000 - /workspace/s' '- 0000000012 /workspace/t' >"$answer"
    [ "$(cost '[(r["folder"], r["changes"], r["commits"]) for r in d["repositories"]]')" = \
        "[('/workspace/r', 7, 8), ('/workspace/s', 0, None), ('/workspace/t', None, 12)]" ]
}

@test "a program that prints without end takes neither this host's memory nor its time" {
    printf '#!/bin/sh\n[ "$1" != exec ] || { head -c 60000000 /dev/zero | tr "\\0" A | tee /dev/stderr; exit; }\nexec bash "%s" "$@"\n' \
        "$BATS_TEST_DIRNAME/fake-docker" >"$BATS_TEST_TMPDIR/bin/docker"
    # The control: what it prints does not fit into so much memory.
    # shellcheck disable=SC2034 # it is only filled
    refute bash -c 'ulimit -v 100000; said=$(docker exec x 2>/dev/null)'
    cat >"$BATS_TEST_TMPDIR/ask" <<'SH'
ulimit -v 100000
for f in common json docker storage cost report; do . "lib/$f.sh"; done
cost_look yes
echo "known: [$COST_GIT_KNOWN]"
code=0
inside true >said 2>complaints || code=$?
echo "code: $code, $(wc -c <said) bytes, $(($(wc -c <complaints) < 70000))"
format=text runs=yes
printf '# a check\n# whose line has no end\nhead -c 60000000 /dev/zero | tr "\\0" A\nexit 1\n' >check.sh
run_check ./check.sh | wc -c
SH
    said=$(bash "$BATS_TEST_TMPDIR/ask")
    echo "$said"
    [ "$said" = $'known: []\ncode: 141, 65536 bytes, 1\n1033' ]
}
