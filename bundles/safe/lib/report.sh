# Runs checks and reports them as text, TAP or JUnit. Sourced by test-setup.sh, which sets format, junit, and runs: whether the sandbox does.
# shellcheck shell=bash disable=SC2154

PASSED=0 FAILED=0 CASES='' CHECKS=()
CHECK_LIMIT=60

# report_begin: sets CHECKS. Only what the manifest names is a check.
report_begin() {
    local path
    while IFS= read -r path; do CHECKS+=("$path"); done < <(scripts_in checks)
    if [ "$format" = tap ]; then
        say "TAP version 13"
        say "1..${#CHECKS[@]}"
    fi
}

# xml TEXT: as it may stand in an attribute or between tags. A byte that is no ASCII might make the report one that nobody can read.
xml() { printf '%s' "$1" | tr -c '[:print:]\n\t' '?' | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g'; }

# run_check FILE: the second line of a check's script is its title; what it prints explains a failure. There may be words of
# the sandbox in it, so nothing of it steers a terminal, and no more is kept than somebody reads.
run_check() {
    local title output code id began=$SECONDS
    { IFS= read -r _ && IFS= read -r title; } <"$1"
    write_out "${title#"# "}"
    title=$WRITTEN id=${1##*/} id=${id%.sh}
    limited "$CHECK_LIMIT"
    # Of a sandbox that does not run nothing is seen, and what must not be there would seem not to be.
    case ${runs:-}:$1 in
    yes:* | *-running.sh)
        output=$(set -o pipefail && GEN_HEARD=yes "${LIMITED[@]}" bash "$1" 2>&1 </dev/null | tail -c "$HEARD_BYTES" | tr -d '\000')
        code=$?
        ;;
    *) output="the sandbox does not run, so this cannot be looked at" code=$UNKNOWN ;;
    esac
    [ -z "$output" ] || output=$(tail -n 20 <<<"$output" | cut -c 1-1000)
    write_out "$output"
    output=$WRITTEN
    [ "$code" -ne 124 ] || output="no answer within $CHECK_LIMIT seconds"
    if [ "$code" -eq "$HOLDS" ]; then PASSED=$((PASSED + 1)); else FAILED=$((FAILED + 1)); fi
    show_check "$code" "$title" "$output"
    tell_check "$code" "$id" "$title" "$output"
    [ -z "$junit" ] || add_case "$code" "$id" "$title" "$output" $((SECONDS - began))
}

show_check() { # CODE TITLE OUTPUT
    case $format:$1 in
    # Behind a # would stand what TAP is to make of it.
    tap:0) say "ok $((PASSED + FAILED)) - ${2//#/\\#}" ;;
    tap:*) say "not ok $((PASSED + FAILED)) - ${2//#/\\#}" && indent '#   ' "$3" ;;
    text:0) say "${GREEN}✓${PLAIN} $2" ;;
    text:*) say "${RED}✗${PLAIN} $2" && indent '    | ' "$3" ;;
    esac
}

# indent MARK TEXT: MARK before each line: in TAP a line of a check's is a comment, and never one of ours, whatever it says.
indent() {
    local line
    [ -n "$2" ] || return 0
    while IFS= read -r line; do say "$1$line"; done <<<"$2"
}

# tell_check CODE ID TITLE OUTPUT: one line of JSON in the file that GEN_EVENTS names. Programs read results there, since what a
# check prints cannot reach that file; nobody has to read it, so a line that cannot be written is no error.
tell_check() {
    local result=does-not-hold line says=()
    [ -n "${GEN_EVENTS:-}" ] || return 0
    if [ "$1" -eq "$HOLDS" ]; then
        result=holds
    else
        while IFS= read -r line; do says+=("$line"); done < <(printf '%s\n' "$4" | tail -n 20 | cut -c 1-300)
    fi
    printf '{"schema":1,"event":"check","check":"%s","number":%s,"title":%s,"result":"%s","says":[%s]}\n' "$2" $((PASSED + FAILED)) \
        "$(json_strings "$3")" "$result" "$(json_strings ${says[@]+"${says[@]}"})" 2>/dev/null >>"$GEN_EVENTS" || :
}

add_case() { # CODE ID TITLE OUTPUT SECONDS
    local case
    case="  <testcase classname=\"$(xml "$GEN_NAME.$2")\" name=\"$(xml "$3")\" time=\"$5\">"
    [ "$1" -eq "$HOLDS" ] || case="$case<failure message=\"$(xml "$3")\">$(xml "$4")</failure>"
    CASES="$CASES$case</testcase>"$'\n'
}

write_junit() {
    {
        printf '<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="%s" tests="%s" failures="%s" errors="0" skipped="0">\n' \
            "$(xml "$GEN_NAME")" $((PASSED + FAILED)) "$FAILED"
        printf '%s</testsuite>\n' "$CASES"
    } 2>/dev/null >"$junit" || fail "$EX_FAILED" "the JUnit report cannot be written: $junit" "" "choose another file"
}

report_end() {
    [ -z "$junit" ] || write_junit
    if [ "$format" = text ]; then
        say ""
        if [ "$FAILED" -eq 0 ]; then say "${GREEN}All $PASSED checks hold.${PLAIN}"; else say "${RED}$FAILED of $((PASSED + FAILED)) checks do not hold.${PLAIN}"; fi
    fi
    [ "$FAILED" -eq 0 ] || exit "$EX_FAILED"
}
