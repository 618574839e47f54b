# A bundle of three small steps in a folder of its own, with the project's real lib/. Each step's state is a file;
# what its scripts did is one word a line in trace. Faults are asked for by files in faults/.

# As the scripts' own: a state folder that is open to others is refused.
umask 077

make_bundle() {
    ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    BUNDLE_UNDER_TEST="$BATS_TEST_TMPDIR/a bundle's folder"
    mkdir -p "$BUNDLE_UNDER_TEST"/{lib,steps,faults,made}
    cp "$ROOT"/templates/lib/*.sh "$BUNDLE_UNDER_TEST/lib/"
    printf 'GEN_NAME=test\nGEN_VERSION=0\nGEN_ENGINE=fake\nGEN_BACKENDS=docker\nGEN_PROJECT_METHOD=none\n' >"$BUNDLE_UNDER_TEST/lib/settings.sh"
    # A fake engine, standing in for Docker: what it holds are the files in made/. The host's own loop devices and
    # mounts are left out, so that whatever else goes on there does not disturb the tests.
    cat >"$BUNDLE_UNDER_TEST/lib/fake.sh" <<'ENGINE'
engine_inventory() {
    [ ! -e "$BUNDLE/faults/engine:silent" ] || return 1
    local object
    for object in "$BUNDLE"/made/*; do [ ! -e "$object" ] || echo "made ${object##*/}"; done
}
kernel_inventory() { :; }
ENGINE
    local step
    for step in 10-network 20-image 30-sandbox; do make_step "$step" "${step#*-}"; done
    write_entry start run_up
    write_entry back run_back
    write_entry recover begin
    seal
    cd "$BUNDLE_UNDER_TEST" || return
}

write_entry() {
    printf '. "$(dirname "$0")/lib/runner.sh"\n%s\n' "$2" >"$BUNDLE_UNDER_TEST/$1.sh"
}

seal() {
    (cd "$BUNDLE_UNDER_TEST" && find lib steps -type f -exec sha256sum {} + | sort -k 2 >MANIFEST.sha256)
}

# make_step DIRECTORY NAME: verify holds when made/NAME is there. A fault NAME:PHASE-KIND changes what a script does.
make_step() {
    local folder="$BUNDLE_UNDER_TEST/steps/$1"
    mkdir -p "$folder"
    printf 'id=%s\ntitle=Make the %s\ntimeout=2\nhint=make more room for the %s\n' "$2" "$2" "$2" >"$folder/step.conf"
    cat >"$folder/head" <<STEP
cd "\$(dirname "\$0")/../.." || exit 9
name=$2
fault() { [ -e "faults/\$name:\$1" ]; }
STEP
    { cat "$folder/head"; cat <<'STEP'
fault verify-unknown && exit 7
fault verify-hang && sleep 30
fault verify-never && exit 1
[ -e "made/$name" ] || exit 1
STEP
    } >"$folder/verify.sh"
    { cat "$folder/head"; cat <<'STEP'
echo "$name:do" >>trace
fault do-error && echo "no $name today" && exit 3
fault do-litter && touch made/litter && exit 3
fault do-silence && touch faults/engine:silent && exit 3
fault do-fill && dd if=/dev/zero of=.state/filler bs=1k 2>/dev/null
fault do-partial && touch "made/$name.part" && exit 3
fault do-signal && kill -TERM "$(cat runner.pid)" && sleep 5
fault do-kill && kill -KILL "$(cat runner.pid)" && sleep 0.2
fault do-hang && sleep 30
touch "made/$name"
STEP
    } >"$folder/do.sh"
    { cat "$folder/head"; cat <<'STEP'
echo "$name:undo" >>trace
fault undo-error && exit 3
fault undo-lies && exit 0
rm -f "made/$name" "made/$name.part" .state/filler
STEP
    } >"$folder/undo.sh"
    rm "$folder/head"
}

# faults WORD...: sets exactly these.
faults() {
    rm -f faults/*
    local one
    for one in "$@"; do touch "faults/$one"; done
}

# started ENTRY: runs an entry script the way a person does; its process id is known to the steps.
started() {
    : >trace
    bash -c 'echo $$ >runner.pid; exec bash "$1.sh"' started "$1" >output 2>&1 && code=0 || code=$?
    sequence=$(tr '\n' ' ' <trace | sed 's/ $//')
    last=$(tail -n 1 output)
}

# at_work PATTERN: whether a process of this folder has it in its command line. One program looks at all processes: a fork for
# each takes half a minute on a machine that is busy.
at_work() {
    local process
    for process in $(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$PWD" 2>/dev/null); do
        tr '\0' ' ' 2>/dev/null <"${process%cwd}cmdline" | grep -q -e "$1" && return
    done
    return 1
}

# eventually COMMAND...: waits until it succeeds. It fails after a minute, so that a test that waits for ever ends.
eventually() {
    local began=$SECONDS
    until "$@"; do
        [ $((SECONDS - began)) -lt 60 ] || { echo "this never came true: $*"; return 1; }
        sleep 0.1
    done
}

# killed STEP: a run whose runner is killed while STEP is at work. The step goes on without it, as does what writes its log;
# this ends when they have ended.
killed() {
    faults "$1:do-kill"
    started start
    eventually quiet
    faults
}
quiet() { ! at_work '\.sh'; }

# refute COMMAND...: fails when the command succeeds. (A line that begins with ! never fails a test.)
refute() {
    if "$@"; then
        echo "this should have failed: $*"
        return 1
    fi
}

# make_real_bundle FAKE_ENGINE [BUNDLE]: a copy of the committed bundle, which is `dev` if not said, with a fake engine's client on PATH.
make_real_bundle() {
    ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    FAKE_BUNDLE="$BATS_TEST_TMPDIR/a bundle's folder"
    FAKE_ENGINE=$1
    export FAKE_BUNDLE FAKE_ENGINE
    # As git has it, so that nothing which somebody ran there comes along.
    rm -rf "$FAKE_BUNDLE"
    mkdir -p "$FAKE_BUNDLE" "$BATS_TEST_TMPDIR/bin"
    (cd "$ROOT/bundles/${2:-dev}" && tar c --exclude ./.state --exclude ./storage --exclude ./backups --exclude ./local .) | tar x -C "$FAKE_BUNDLE"
    ln -sf "$BATS_TEST_DIRNAME/fake-docker" "$BATS_TEST_TMPDIR/bin/docker"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
    cd "$FAKE_BUNDLE" || return
}

# seal_real: its manifest anew, after a change to it.
seal_real() {
    rm -f MANIFEST.sha256
    find . -mindepth 2 -type f ! -path './.state/*' ! -path './storage/*' ! -path './local/*' ! -path './backups/*' | sed 's#^\./##' |
        sort | tr '\n' '\0' | xargs -0 sha256sum >"$BATS_TEST_TMPDIR/manifest"
    mv "$BATS_TEST_TMPDIR/manifest" MANIFEST.sha256
}

# our_sandbox [NAME]: this bundle has made the container that the fake engine has, under that name.
our_sandbox() {
    mkdir -p .state
    echo 0123456789abcdef >.state/instance
    echo "container 00 0123456789ab ${1:-dev}" >.state/owned
}
