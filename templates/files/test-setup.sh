#!/usr/bin/env bash
# Runs every check on the running sandbox: one line each, and a count.
#
# usage: ./test-setup.sh [--tap] [--junit FILE]
#
#   --tap          print the Test Anything Protocol instead
#   --junit FILE   write a JUnit report as well
#
# The last line tells the result, as in every script; with --tap it is a comment: # gen: result=...
#
# Exit codes: 0 every check holds; 1 at least one does not, or cannot be known; 2 wrong arguments; 4 the engine does not answer, or is another
#             one than the sandbox's.
format=text junit='' runs=''
end_report() {
    local code=$?
    if [ "$format" = tap ]; then last_line "$code" | sed 's/^/# /'; else last_line "$code"; fi
}
trap end_report EXIT
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=templates/lib/report.sh
. "$BUNDLE/lib/report.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"

end_on_signals
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage "$0" && exit "$EX_DONE" ;;
    --tap) format=tap ;;
    --junit)
        junit=${2:-}
        [ -n "$junit" ] || fail "$EX_USAGE" "--junit wants the name of a file" "" "./test-setup.sh --junit report.xml"
        shift
        ;;
    *) fail "$EX_USAGE" "unknown argument: $1" "" "./test-setup.sh --help" ;;
    esac
    shift
done

report_begin
engine_answers || [ "$format" != tap ] || say "Bail out! The engine does not answer"
need_engine
engine_check
# From here on a signal ends us at once, in the middle of a check; this stands then.
trap - HUP INT QUIT TERM
RESULT=failed
line=$(sandbox_line) && ours "$line" 3 && has_word 2 "$line" running && runs=yes
for check in "${CHECKS[@]}"; do
    run_check "$BUNDLE/$check"
done
report_end
RESULT=ok
