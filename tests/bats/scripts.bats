#!/usr/bin/env bats
# Every script of the bundle, called by a program: without a terminal, with nothing on standard input, and an engine that is
# dead, empty or well (a fake). It never asks, it ends by itself, its exit code says how, and so does its last line.

load helper

SCRIPTS='rollback.sh test-setup.sh scripts/backup.sh scripts/connect.sh scripts/mount-storage.sh scripts/plan.sh scripts/prune.sh scripts/recover.sh scripts/rescue.sh
    scripts/resize-volume.sh scripts/restore.sh scripts/start.sh scripts/status.sh scripts/stop.sh'

# What these print is what was asked for, without a last line of its own.
LISTS='scripts/kill.sh scripts/logs.sh scripts/ps.sh'

setup() { make_real_bundle dead; }

# call SCRIPT [ARG...]: sets code, out (both streams) and last, the last line of standard output, or of standard error for connect.sh.
call() {
    code=0
    timeout 100 "./$@" </dev/null >stdout 2>stderr || code=$?
    case $1 in *connect.sh) last=$(tail -n 1 stderr) ;; *) last=$(tail -n 1 stdout) ;; esac
    echo "$* -> $code: $last"
}

# ends SCRIPT [ARG...] -- CODE RESULT [WORDS]: how that call ends; WORDS stand in what it says.
ends() {
    local words=()
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    call "${words[@]}"
    [ "$code" -eq "$2" ]
    [[ $last =~ ^(# )?gen:\ result=$3\ run=[^\ ]+\ failed_step=[^\ ]+$ ]]
    [ -z "${4:-}" ] || grep -qF -e "$4" stdout stderr
}

@test "the table has every script" {
    [ "$(ls rollback.sh test-setup.sh scripts/*.sh | sort | xargs)" = "$(echo $SCRIPTS $LISTS | tr ' ' '\n' | sort | xargs)" ]
}

@test "--help: 0, whatever the engine does" {
    for script in $SCRIPTS; do ends "$script" --help -- 0 ok 'usage:'; done
    # Asking changes nothing.
    [ ! -e .state ]
}

@test "a bad argument: 2, with its mend" {
    for script in $SCRIPTS; do ends "$script" --no-such-thing -- 2 usage 'mend:'; done
    for script in resize-volume restore mount-storage; do ends "scripts/$script.sh" -- 2 usage 'mend:'; done
    ends scripts/resize-volume.sh 0 -- 2 usage
    ends scripts/resize-volume.sh 40 50 -- 2 usage
    ends scripts/restore.sh no-such-file -- 2 usage
    ends test-setup.sh --junit -- 2 usage
    ends scripts/connect.sh ls -- 2 usage 'a command stands behind --'
    [ ! -e .state ]
}

@test "a dead engine: each says so, and nothing is done" {
    #    script                                  code result    words
    ends scripts/start.sh                     -- 1    failed    'the engine does not answer'
    ends scripts/status.sh                    -- 4    refused   'the engine does not answer'
    ends scripts/stop.sh                      -- 3    residue   'the engine does not answer'
    ends scripts/plan.sh                      -- 4    refused   'engine'
    ends test-setup.sh                        -- 4    refused   'the engine does not answer'
    ends test-setup.sh --tap                  -- 4    refused   'Bail out!'
    ends scripts/recover.sh                   -- 0    ok        'No run is open'
    ends scripts/rescue.sh                    -- 4    refused   'the engine does not answer'
    ends scripts/prune.sh --yes               -- 4    refused   'the engine does not answer'
    ends rollback.sh                          -- 0    unchanged 'There is nothing to undo'
    ends scripts/backup.sh                    -- 4    refused   'there is no workspace'
    ends scripts/resize-volume.sh 40          -- 4    refused   'there is no workspace'
    ends scripts/mount-storage.sh attach      -- 1    failed    'there is no disk image'
    ends scripts/mount-storage.sh report      -- 1    failed    'there is no disk image'
    ends scripts/mount-storage.sh detach      -- 4    refused   'the engine does not answer'
    truncate -s 8M image.img && mkfs.ext4 -q -F image.img
    ends scripts/restore.sh image.img         -- 4    refused   'the engine does not answer'
    # With a workspace they come as far as the engine.
    mkdir -p storage && cp image.img "storage/workspace-$(cat .state/instance).img"
    ends scripts/backup.sh                    -- 4    refused   'the engine does not answer'
    ends scripts/resize-volume.sh 40          -- 4    refused   'the engine does not answer'
    ends scripts/mount-storage.sh attach      -- 4    refused   'the engine does not answer'
    cmp image.img "storage/workspace-$(cat .state/instance).img"
}

@test "an engine that holds nothing" {
    FAKE_ENGINE=none
    ends scripts/status.sh -- 1 none none
    ends scripts/stop.sh -- 0 ok 'is stopped'
    ends scripts/recover.sh -- 0 ok
    ends scripts/prune.sh -- 0 unchanged 'No image of'
    ends rollback.sh -- 0 unchanged
    ends rollback.sh --yes --delete-data -- 0 unchanged
}

@test "what is looked at in a sandbox that is not there does not hold" {
    FAKE_ENGINE=none
    # Of what the profile forbids nothing is seen there.
    printf '#!/usr/bin/env bash\n# Nothing forbidden is there\n. "$(dirname "$0")/../lib/docker.sh"\n! inside test -e /forbidden\n' >checks/99-forbidden.sh
    seal_real
    call test-setup.sh
    [ "$code" -eq 1 ]
    refute grep -q '✓' stdout
    grep -q 'the sandbox does not run, so this cannot be looked at' stdout
}

@test "an engine that is not for this user: each says so, and how to mend that" {
    FAKE_ENGINE=denied
    for script in status connect plan; do ends "scripts/$script.sh" -- 4 refused 'usermod -aG docker'; done
    ends test-setup.sh -- 4 refused 'your user may not use the engine'
    ends scripts/stop.sh -- 3 residue 'your user may not use the engine'
}

@test "a bundle that got another name while its sandbox stands: nothing is done by halves" {
    FAKE_ENGINE=renamed
    words="this folder's sandbox is called before, and the bundle now says"
    our_sandbox before
    mkdir -p storage && : >storage/workspace-0123456789abcdef.img
    for script in stop backup 'resize-volume 40' 'mount-storage detach' 'restore MANIFEST.sha256'; do
        # shellcheck disable=SC2086 # the argument behind the script's name
        set -- $script
        ends "scripts/$1.sh" "${@:2}" -- 4 refused "$words"
    done
    ends scripts/status.sh -- 1 failed "$words"
}

@test "a signal before anything was begun: the last line does not call that well done" {
    FAKE_ENGINE=slow
    for script in test-setup.sh scripts/status.sh scripts/connect.sh; do
        "./$script" </dev/null >stdout 2>stderr &
        eventually at_work 'sleep 8'
        kill -TERM $!
        code=0
        wait $! || code=$?
        echo "$script -> $code: $(cat stdout stderr)"
        [ "$code" -eq 143 ]
        cat stdout stderr | grep -q '^gen: result=failed '
        eventually refute at_work 'sleep 8'
    done
}

@test "a report that cannot be written is said in our words alone" {
    FAKE_ENGINE=none
    ends test-setup.sh --junit no/such/folder/x.xml -- 1 failed 'the JUnit report cannot be written'
    ! grep -q 'No such file' stderr
}

@test "the last line of connect.sh is on standard error, for refused, usage and the command's own" {
    FAKE_ENGINE=running
    our_sandbox
    call scripts/connect.sh -- sh -c 'echo out; exit 3'
    [ "$code" -eq 3 ] && [ "$(cat stdout)" = out ]
    [[ $last == "gen: result=failed run="* ]]
    FAKE_ENGINE=dead
    call scripts/connect.sh -- true
    [ "$code" -eq 4 ] && [ ! -s stdout ]
    [[ $last == "gen: result=refused run=- "* ]]
}

@test "a folder that is not whole, or not itself: 4, and nothing is run" {
    echo '# mine' >>steps/10-preflight/do.sh
    for script in start stop backup recover plan; do ends "scripts/$script.sh" -- 4 refused 'not what gen wrote'; done
    ends rollback.sh -- 4 refused 'not what gen wrote'
}

@test "a question would be no answer: without a terminal nothing is asked" {
    # A positive control: on a terminal it is asked, and `no` is heard.
    python3 - <<'PYTHON'
import os, pty
pid, terminal = pty.fork()
if pid == 0:
    os.execv("./rollback.sh", ["rollback.sh"])
text = b""
while b"[y/N]" not in text:
    text += os.read(terminal, 4096)
os.write(terminal, b"n\n")
try:
    while piece := os.read(terminal, 4096):
        text += piece
except OSError:
    pass
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4, text
assert b"Nothing was changed" in text
PYTHON
    for script in $SCRIPTS; do
        case $script in *mount* | *resize* | *restore*) continue ;; esac
        call "$script"
        refute grep -qF '[y/N]' stdout
        [ "$code" -ne 124 ]
    done
}

@test "status shows the commands that run, and what a script that was cut off left" {
    make_real_bundle running
    our_sandbox
    mkdir -p .state/commands/3 .state/commands/4
    printf '%s\0' npm run 'watch it' | tee .state/commands/3/words >.state/commands/4/words
    sleep 60 &
    keeper=$(. lib/common.sh && . lib/lock.sh && process_name $!)
    for number in 3 4; do echo "2026-11-30T20:00:00Z 1 x-1 $keeper detached" >.state/commands/$number/begun; done
    echo '2026-11-30T20:00:01Z 0 itself 1' >.state/commands/4/ended
    echo paused >.state/work
    run scripts/status.sh
    kill $!
    [[ $output == *"commands     3, runs since 2026-11-30T20:00:00Z: npm run 'watch it'   (scripts/kill.sh 3)"* ]]
    [[ $output != *'4, '* ]]
    [[ $output == *'cut off      the sandbox was paused, and goes on: scripts/recover.sh'* ]]
}
