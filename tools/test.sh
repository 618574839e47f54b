#!/usr/bin/env bash
# Runs every suite, whatever fails, and ends with one summary. --lint: without the tests.
# Exit code: 0 when all passed, 1 when any failed.
#
# Functions here are called by name, through `suite`.
# shellcheck disable=SC2317,SC2329
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"
cd "$here/.." || exit 1

PATH=$PWD/.venv/bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
results=()
failed=0

# suite NAME COMMAND...: runs it, keeps its last line or its `counts` file for the summary.
suite() {
    local name=$1 state=passed counts
    shift
    say "$name"
    rm -f "$work/counts"
    if ! "$@"; then
        state=FAILED
        failed=1
    fi
    counts=$(cat "$work/counts" 2>/dev/null) || counts=
    results+=("$(printf '%-16s %s%s' "$name" "$state" "${counts:+: $counts}")")
}

count() { printf '%s' "$*" >"$work/counts"; }

# shell_scripts: every shell file that is whole as it stands (templates with values are linted as rendered).
shell_scripts() {
    local folder
    for folder in templates bundles tools; do
        [ ! -d "$folder" ] || find "$folder" -name '*.sh' -not -path '*/.state/*' -not -path '*/local/*' -type f
    done | sort
    echo .ci/run
}

run_shellcheck() {
    local files=() file
    while IFS= read -r file; do files+=("$file"); done < <(shell_scripts)
    count "${#files[@]} scripts"
    printf '%s\0' "${files[@]}" |
        xargs -0 -n 20 -P "$(nproc)" shellcheck --external-sources --source-path=SCRIPTDIR:.
}

run_hadolint() {
    local file total=0 bad=0
    for file in bundles/*/Dockerfile; do
        [ -f "$file" ] || continue
        total=$((total + 1))
        hadolint "$file" || bad=1
    done
    count "$total files"
    # Nothing looked at is not the same as nothing wrong.
    [ "$total" -gt 0 ] && [ "$bad" -eq 0 ]
}

run_compose_config() {
    local file total=0 bad=0
    for file in bundles/*/compose.yaml; do
        [ -f "$file" ] || continue
        total=$((total + 1))
        docker compose --file "$file" config --quiet || bad=1
    done
    count "$total files"
    # Nothing looked at is not the same as nothing wrong.
    [ "$total" -gt 0 ] && [ "$bad" -eq 0 ]
}

run_bats() {
    local code
    node_modules/bats/bin/bats --formatter tap --recursive tests/bats | tee "$work/bats.tap"
    code=${PIPESTATUS[0]}
    count "$(grep -c '^ok ' "$work/bats.tap") passed, $(grep -c '^not ok ' "$work/bats.tap") failed," \
        "$(grep -c '^ok .*# skip' "$work/bats.tap") of the passed skipped"
    [ "$code" -eq 0 ] && grep -q '^ok ' "$work/bats.tap"
}

run_pytest() {
    local code
    GEN_TEST_REPORT=$work/skipped pytest | tee "$work/pytest.txt"
    code=${PIPESTATUS[0]}
    count "$(tail -n 1 "$work/pytest.txt" | sed 's/^=* //; s/ =*$//')"
    return "$code"
}

see_to_engine() {
    if [ "${GEN_REQUIRE_ENGINE:-}" = 1 ]; then
        tools/engine.sh ensure && { have strace || need_packages "strace, which injects faults" strace; }
    else
        # Nobody expects a test run to install packages; an engine that is installed may be started.
        tools/engine.sh ensure --no-install || say "no engine: the tests that need one will be skipped"
    fi
}

lint() {
    suite "ruff" ruff check .
    suite "ruff format" ruff format --check .
    suite "mypy" mypy --strict generator bench
    suite "shellcheck" run_shellcheck
    suite "hadolint" run_hadolint
    if docker compose version >/dev/null 2>&1; then
        suite "compose config" run_compose_config
    else
        results+=("compose config   skipped: docker compose is not installed")
    fi
}

summary() {
    printf '\n==> summary\n'
    printf '  %s\n' "${results[@]}"
    if [ -s "$work/skipped" ]; then sed 's/^/  /' "$work/skipped"; fi
    if [ "$failed" -eq 0 ]; then echo "  all passed"; else echo "  something FAILED"; fi
}

[ "${1:-}" = --lint ] || suite "engine" see_to_engine
lint
if [ "${1:-}" != --lint ]; then
    suite "pytest" run_pytest
    suite "bats" run_bats
fi
summary
exit "$failed"
