#!/usr/bin/env bats
# What the sandbox is told to do is written down before it is done, or it is not done. The engine is a fake.

load helper

setup() {
    make_real_bundle running
    our_sandbox
}

# records PYTHON: runs an assertion with the log's records in `log`.
records() {
    python3 -c "
import json, os, re, stat
log = [json.loads(line) for line in open('.state/audit.jsonl', encoding='ascii')]
$1"
}

@test "a command has a line when it begins and one when it has ended" {
    SUDO_USER=somebody run scripts/connect.sh -- sh -c 'sleep 1.2; exit 7' </dev/null
    [ "$status" -eq 7 ]
    records '
begin, end = log
assert begin["command"] == ["sh", "-c", "sleep 1.2; exit 7"] and begin["event"] == "begin" and begin["schema"] == 1, begin
assert (begin["user"], begin["uid"], begin["sudo_user"]) == (os.popen("id -un").read().strip(), os.getuid(), "somebody")
assert begin["sandbox"] == "dev" and begin["tty"] is None and begin["parent"], begin
assert re.fullmatch("20..-..-..T..:..:..Z", begin["time"])
assert (end["event"], end["id"], end["code"]) == ("end", begin["id"], 7) and 1 <= end["seconds"] <= 3, end
assert stat.S_IMODE(os.stat(".state/audit.jsonl").st_mode) == 0o600'
}

@test "the words are there, whatever they are" {
    printf 'a "b" \\ $(id) `id`\n\xff\xc3( \xc3\xa9 \xf0\x9f\x98\x80 \x1b[2J\t' >odd
    run scripts/connect.sh -- printf '%s|' "$(cat odd)" '' -- --help
    [ "$status" -eq 0 ]
    [[ $output == *'||--|--help|'* ]]
    records '
assert log[0]["command"] == ["printf", "%s|", "a \"b\" \\ $(id) `id`\n\\xff\\xc3( \u00e9 \U0001f600 \x1b[2J\t", "", "--", "--help"], log[0]'
}

@test "a long command is one line, and many at once are one line each" {
    for n in 1 2 3 4 5 6 7 8; do scripts/connect.sh -- true "$(head -c 100000 /dev/zero | tr '\0' "$n")" 2>/dev/null & done
    wait
    records '
assert len(log) == 16 and all(len(set(r["command"][1])) == 1 and len(r["command"][1]) == 100000 for r in log if r["event"] == "begin")'
}

@test "standard output is the command's, and the last line of standard error tells the result" {
    scripts/connect.sh -- sh -c 'cat; echo own >&2' <"$ROOT/LICENSE" >out 2>err
    cmp out "$ROOT/LICENSE"
    [ "$(head -n 1 err)" = own ]
    [[ $(tail -n 1 err) =~ ^gen:\ result=ok\ run=[0-9TZ]+-[0-9]+\ failed_step=-$ ]]
    records 'assert log[0]["id"] in open("err").read()'
    scripts/connect.sh -- sh -c 'exit 4' 2>err && code=0 || code=$?
    [ "$code" -eq 4 ]
    [[ $(tail -n 1 err) == "gen: result=failed "* ]]
    FAKE_ENGINE=none scripts/connect.sh -- true 2>err && code=0 || code=$?
    [ "$code" -eq 4 ]
    [[ $(tail -n 1 err) == "gen: result=refused "* ]]
}

@test "a command that cannot be written down is not done" {
    mkdir .state/audit.jsonl # in the way, for root too
    run scripts/connect.sh -- touch "$PWD/done"
    [ "$status" -eq 4 ]
    [[ $output == *"cannot be written down, so it is not done"*"mend:"* ]]
    [ ! -e done ]
    rmdir .state/audit.jsonl
    ln -s /dev/full .state/audit.jsonl # a full disk
    run scripts/connect.sh -- touch "$PWD/done"
    [ "$status" -eq 4 ]
    [ ! -e done ]
}

@test "an end that cannot be written down is said, and the exit code stays the command's" {
    run scripts/connect.sh -- sh -c 'rm .state/audit.jsonl; mkdir .state/audit.jsonl; exit 5'
    [ "$status" -eq 5 ]
    [[ $output == *"the end of this command could not be written"* ]]
}

@test "a full log is put away, and the newest stay" {
    for n in 1 2 3 4 5 6 7; do
        head -c $(((4 << 20) + 1)) /dev/zero >.state/audit.jsonl
        scripts/connect.sh -- true 2>/dev/null
        records 'assert [r["event"] for r in log] == ["begin", "end"]'
    done
    [ "$(ls .state/audit-*.jsonl | wc -l)" -eq 4 ]
}

@test "a signal ends the command with the signal's code, and the end is written down" {
    for signal in HUP:129 INT:130 QUIT:131 TERM:143; do
        rm -f .state/audit.jsonl
        python3 - "${signal%:*}" <<'PYTHON' >code
import signal, subprocess, sys, time
process = subprocess.Popen(["scripts/connect.sh", "--", "sleep", "20"], stdin=subprocess.DEVNULL, stderr=open("err", "w"))
while b'"begin"' not in (open(".state/audit.jsonl", "rb").read() if __import__("os").path.exists(".state/audit.jsonl") else b""):
    time.sleep(0.05)
time.sleep(0.3)
process.send_signal(getattr(signal, "SIG" + sys.argv[1]))
print(process.wait(10))
PYTHON
        [ "$(cat code)" = "${signal#*:}" ]
        grep -q 'gen: result=failed' err
        records "assert log[1]['code'] == ${signal#*:}, log"
    done
}

@test "a reader that goes away ends the command as it always did" {
    scripts/connect.sh -- sh -c 'trap - PIPE; yes' 2>/dev/null | head -n 1 >/dev/null
    records 'assert log[1]["code"] == 141, log'
}
