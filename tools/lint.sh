# What looks at the files without running them, as suites of test.sh, which sources this and says what a suite is.
# shellcheck shell=bash disable=SC2154 # work is its folder

# shell_scripts: every shell file that is whole as it stands (templates with values are linted as rendered).
shell_scripts() {
    local folder
    for folder in templates bundles tools; do
        [ ! -d "$folder" ] || find "$folder" -name '*.sh' -not -path '*/.state/*' -not -path '*/local/*' -type f
    done | sort
    echo .ci/run
}

# once: of files with the same content only the first: a bundle holds its templates byte for byte, and what they source is
# named by its path in this repository.
once() { xargs sha256sum | awk '!seen[$1]++ { print substr($0, 67) }'; }

run_shellcheck() {
    local small=() large=() file bad=0
    while IFS= read -r file; do
        case $file in */steps/* | */checks/*) small+=("$file") ;; *) large+=("$file") ;; esac
    done < <(shell_scripts | once)
    count "$((${#small[@]} + ${#large[@]})) scripts"
    # A step's script and a check name nothing of another file but its functions and settings, so each is looked at alone.
    printf '%s\0' "${small[@]}" | shellcheck_all --exclude=SC1091,SC2153 || bad=1
    # Of the others, how values flow takes long to follow, so that is done in each file alone; what a file has from another (sources
    # it, uses its names, sets them for it) is looked at with the outlines of all that it sources.
    printf '%s\0' "${large[@]}" | shellcheck_all --exclude=SC1091,SC2034,SC2153,SC2154 || bad=1
    shell_scripts | python tools/outlines.py "$work/outlines" || bad=1
    (cd "$work/outlines" && printf '%s\0' "${large[@]/#/$OLDPWD/}" | shellcheck_all --extended-analysis=false --external-sources --source-path=.) || bad=1
    [ "$bad" -eq 0 ]
}

shellcheck_all() { xargs -0 -n 10 -P "$(nproc)" shellcheck "$@"; }

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

lint() {
    suite "ruff" ruff check .
    suite "ruff format" ruff format --check .
    suite "mypy" mypy --strict generator bench templates/lib/project templates/lib/microvm templates/lib/still.py
    suite "shellcheck" run_shellcheck
    suite "hadolint" run_hadolint
}

compose_config() {
    if docker compose version >/dev/null 2>&1; then
        suite "compose config" run_compose_config
    else
        result "compose config" "skipped: docker compose is not installed"
    fi
}
