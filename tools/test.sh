#!/usr/bin/env bash
# Runs every suite, whatever fails, and ends with one summary. --lint: without the tests.
# The suites run beside each other; what one printed comes when it has ended.
# Exit code: 0 when all passed, 1 when any failed.
#
# Functions here are called by name, through `suite`.
# shellcheck disable=SC2317,SC2329
set -uo pipefail

# Signals that whoever calls ignores (`nohup`, a job in the background) stay ignored in all that is started from here, and some
# tests send them.
if [ -z "${GEN_TEST_SIGNALS:-}" ] && env --default-signal true 2>/dev/null; then
    exec env --default-signal GEN_TEST_SIGNALS=default bash "$0" "$@"
fi

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"
# shellcheck source=tools/lint.sh
. "$here/lint.sh"
cd "$here/.." || exit 1

PATH=$PWD/.venv/bin:$PATH
# Short: the sockets of engines that are started below it have names of 108 letters at most.
work=$(mktemp -d /tmp/t.XXXX)
# Some tests become an ordinary user for a moment.
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
mkdir "$work/results"
# Each suite has a folder for what it makes: what is below another's is not held against its tests (tests/engine/conftest.py).
lanes=$work/lanes

# suite NAME COMMAND...: runs it, keeps its state, what it counted, and how long it and the processor took for the summary.
suite() {
    local name=$1 state=passed began=$SECONDS before
    shift
    say "$name"
    counted=
    spent "$work" && before=$SPENT
    "$@" || state=FAILED
    spent "$work"
    result "$name" "$state${counted:+: $counted} ($((SECONDS - began)) s, $((SPENT - before)) s of processor time)"
}

# result NAME TEXT: a line of the summary.
result() { printf '%-24s %s\n' "$1" "$2" >"$work/results/$1"; }

count() { counted=$*; }

# own_mounts COMMAND...: runs it where what it mounts is out of the sight of other tests. Theirs are not held there: a copy of a
# mount keeps its loop device in use for as long as the command runs.
own_mounts() {
    # shellcheck disable=SC2016 # that shell expands it
    unshare --mount bash -c '
        awk -v below="$0/" "index(\$5, below) == 1 { print \$5 }" /proc/self/mountinfo | sort -r | while read -r point; do
            umount --lazy "$(printf %b "$point")"
        done
        exec "$@"' "$lanes" "$@"
}

run_bats() {
    local code
    # Some of these mount a small disk.
    local apart=()
    ! is_root || ! have unshare || apart=(own_mounts)
    "${apart[@]+"${apart[@]}"}" node_modules/bats/bin/bats --formatter tap --recursive tests/bats | tee "$work/bats.tap"
    code=${PIPESTATUS[0]}
    count "$(grep -c '^ok ' "$work/bats.tap") passed, $(grep -c '^not ok ' "$work/bats.tap") failed," \
        "$(grep -c '^ok .*# skip' "$work/bats.tap") of the passed skipped"
    [ "$code" -eq 0 ] && grep -q '^ok ' "$work/bats.tap"
}

run_pytest() { # LANE ARG...: which tests
    local code lane=$1
    shift
    mkdir -p "$lanes/$lane"
    TMPDIR=$lanes/$lane GEN_TEST_REPORT=$work/skipped.$JOB pytest -o "cache_dir=$work/cache.$lane" --durations=5 --durations-min=10 "$@" | tee "$work/$lane.txt"
    code=${PIPESTATUS[0]}
    count "$(tail -n 1 "$work/$lane.txt" | sed 's/^=* //; s/ =*$//')"
    return "$code"
}

# see_to TOOL WHAT: has that tool install what the tests need where that is asked for; nobody expects it of a test run otherwise,
# and an engine that is installed may be started.
see_to() {
    if [ "${GEN_REQUIRE_ENGINE:-}" = 1 ]; then
        "tools/$1.sh" ensure
    else
        "tools/$1.sh" ensure --no-install || say "no $2: the tests that need it will be skipped"
    fi
}

see_to_tools() {
    [ "${GEN_REQUIRE_ENGINE:-}" = 1 ] || return 0
    { have strace && have mkfs.xfs; } || need_packages "what injects faults, or makes a filesystem with reflinks," strace xfsprogs
}

# What runs beside each other is taken from one list, longest first, by twice as many as there are processors: much of an engine test's
# time is spent waiting. Each file of engine tests is a suite, and so is each third of the unit tests.
first="hostile checks bats unit_1 unit_2 unit_3 faults safe ends cut_off podman whole changes isolation storage lifecycle workplace outside
    checks_machine additions host plan prune detached holders nothing_lost microvm users foreign moves set_aside made_without"

# These start engines of their own on the host's, where each of those has a container. The others look at whole inventories, so whoever
# runs them has an engine of its own.
on_the_host=" faults isolation ends hostile another_engine "

# suites: the names of all of them, a line each.
suites() {
    local name
    {
        # shellcheck disable=SC2086 # one word a name
        printf '%s\n' $first
        for name in tests/engine/test_*.py; do
            name=${name#tests/engine/test_}
            echo "${name%.py}"
        done
    } | awk '!seen[$1]++'
}

# next_job LIST: sets JOB to one of it that nobody has taken yet; fails when there is none.
next_job() {
    while IFS= read -r JOB; do mkdir "$work/taken/$JOB" 2>/dev/null && return; done <"$work/$1"
    return 1
}

# unit_files PART: every third test file.
unit_files() { printf '%s\n' tests/unit/test_*.py | awk -v part="$1" 'NR % 3 == part % 3'; }

# own_engine LANE: an engine of its own, sets HOST to where it is.
own_engine() { HOST=$(tools/private-engine.sh start "$lanes/$1" gen-test-base:packages); }

# What only the unit tests use, and each suite would load: a second of processor time for each of fifty.
plain=(-p no:hypothesispytest -p no:anyio)

# run_job LANE: one suite of the list. What those without an engine make lies elsewhere than the engine's, whose tests look through all
# that lies beside it.
run_job() {
    local files
    case $JOB in
    bats) suite "bats" run_bats ;;
    microvm) suite "microvm tests" run_pytest "u$1" "${plain[@]}" tests/microvm ;;
    unit_*)
        mapfile -t files < <(unit_files "${JOB#unit_}")
        suite "unit tests ${JOB#unit_}" run_pytest "u$1" "${files[@]}"
        ;;
    *)
        files=("tests/engine/test_$JOB.py")
        case $on_the_host in
        *" $JOB "*) suite "engine $JOB" run_pytest "h$1" "${plain[@]}" "${files[@]}" ;;
        *)
            [ -n "$HOST" ] || own_engine "$1" || { result "engine $JOB" "FAILED: no engine for it" && return; }
            DOCKER_HOST=$HOST suite "engine $JOB" run_pytest "$1" "${plain[@]}" "${files[@]}"
            ;;
        esac
        ;;
    esac
}

# worker LANE LIST: does what is left to do of it, until nothing is.
worker() {
    local HOST='' JOB
    while next_job "$2"; do
        run_job "$1" >"$work/out.$1" 2>&1
        touch "$work/ended/$JOB"
        flock "$work/taken" cat "$work/out.$1"
    done
    [ -z "$HOST" ] || tools/private-engine.sh stop "$lanes/$1"
}

# seed: all private engines begin as copies of one, which has built what most tests build.
seed() {
    local host
    host=$(tools/private-engine.sh start "$work/seed" gen-test-base:packages) &&
        DOCKER_HOST=$host python -c 'import pathlib, sys; from tests.engine.private import fill_build_cache as fill; fill(pathlib.Path(sys.argv[1]))' "$work/cache"
    tools/private-engine.sh stop "$work/seed"
    export GEN_ENGINE_SEED=$work/seed
}

# elsewhere: whether no test file lies where no suite would find it.
elsewhere() {
    local found
    found=$(find tests -name 'test_*.py' -not -path 'tests/microvm/*' | grep -vxE 'tests/(unit|engine)/test_[^/]*[.]py') || return 0
    printf 'no suite runs these:\n%s\n' "$found"
    return 1
}

# without_engine: the unit tests are begun while an engine is being installed.
without_engine() {
    mkdir "$work/taken" "$work/ended"
    suite "tools" see_to_tools
    suites | grep -x 'unit_.' >"$work/early"
    worker a early &
    worker b early &
}

all_tests() {
    local number
    suite "tests elsewhere" elsewhere
    if is_root && docker info >/dev/null 2>&1 && python -c 'from tests.engine.conftest import base_of_tests as base; base()'; then
        seed
        suites >"$work/jobs"
    else
        JOB=engine suite "engine tests" run_pytest e tests/engine
        suites | grep -x -e 'unit_.' -e bats -e microvm >"$work/jobs"
    fi
    # Thousands of clients are started, each for a moment: one thread is quicker to start than several.
    export GOMAXPROCS=1
    for ((number = 0; number < 2 * $(nproc); number++)); do worker "$number" jobs & done
    wait
    while IFS= read -r JOB; do [ -e "$work/ended/$JOB" ] || result "$JOB" "FAILED: it did not come to its end"; done <"$work/jobs"
}

summary() {
    printf '\n==> summary\n'
    sed 's/^/  /' "$work"/results/*
    cat "$work"/skipped.* 2>/dev/null | sort -u | sed 's/^/  /'
    if grep -q ' FAILED' "$work"/results/*; then
        echo "  something FAILED"
        return 1
    fi
    echo "  all passed"
}

if [ "${1:-}" = --lint ]; then
    lint
    compose_config
else
    lint >"$work/lint" 2>&1 &
    without_engine
    suite "engine" see_to engine engine
    suite "microvm" see_to microvm QEMU
    suite "podman" see_to podman Podman
    compose_config
    all_tests
    cat "$work/lint"
fi
summary
