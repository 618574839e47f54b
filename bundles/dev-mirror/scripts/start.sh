#!/usr/bin/env bash
# Starts the sandbox: makes what is missing on this host, step by step, and waits until the sandbox is healthy.
#
# usage: scripts/start.sh [--approve HASH] [--project PATH] [--help]
#
#   --approve HASH   run only the plan that scripts/plan.sh showed with this hash; refused when it would be another one
#   --project PATH   the project to copy, where the bundle is for one (written to local/project once nothing
#                    refuses this start, and kept from then on)
#
# Each step is verified first and left alone if it holds, so starting twice changes nothing. When a step fails, or you
# press Ctrl-C, everything that this run did is undone. PLAN.md says what the steps do. What is somebody else's and stands
# under our names is named before it is moved aside, and again at the end.
#
# Exit codes: 0 the sandbox runs; 1 failed, and everything that this run did is undone; 2 wrong arguments;
#             3 failed, and something could not be undone (it is named); 4 refused, nothing was changed, or stopped before
#             a step that was not approved, and everything that this run did is undone.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"

unset GEN_PROJECT_NAMED GEN_APPROVED_LOCAL
while [ $# -gt 0 ]; do
    case $1 in
    --approve)
        [[ ${2:-} =~ ^[0-9a-f]{64}$ ]] ||
            fail "$EX_USAGE" "--approve wants the hash of a plan" "64 hexadecimal digits" "scripts/plan.sh   (prints it)"
        # shellcheck disable=SC2034 # lib/plan.sh reads it
        APPROVED=$2
        shift 2
        ;;
    --project)
        # shellcheck source=templates/lib/project.sh
        . "$BUNDLE/lib/project.sh"
        name_project "${2:-}"
        once_begun() { keep_project; }
        shift 2
        ;;
    *) help_or_refuse "$0" "$@" ;;
    esac
done

# say_left_out: what of the project is not in the copy, or is of no use there.
say_left_out() {
    local line
    # shellcheck source=templates/lib/project.sh
    . "$BUNDLE/lib/project.sh"
    while IFS= read -r line; do say "$(printf '  %-11s %s' "${line%%: *}:" "${line#*: }")"; done < <(project left-out --told 2>/dev/null)
}

say "${BOLD}Starting the sandbox $GEN_NAME${PLAIN}"
thaw_first
run_up || exit
say "The sandbox ${BOLD}$GEN_NAME${PLAIN} runs."
say_aside | printable | sed 's/^/  aside:      /'
[ "$GEN_BACKENDS" = docker ] || sed '1s/^/  isolation:  /; 2,$s/^/              /' "$STATE/names/isolation" | printable
[ "$GEN_PROJECT_METHOD" = none ] || say_left_out
[ "$PWD" -ef "$BUNDLE" ] || say "  in $(quoted "$BUNDLE"):"
say "  check it:   ./test-setup.sh"
if [ "$GEN_PROJECT_METHOD" = none ]; then
    say "  work in it: scripts/connect.sh"
else
    say "  work in it: scripts/exec.sh -- COMMAND   (or scripts/connect.sh, a shell)"
    say "  look:       scripts/review.sh"
    say "  bring it:   scripts/apply.sh            (what you accept comes into your project)"
    say "  drop it:    scripts/discard.sh          (the sandbox, with what was not brought)"
fi
say "  stop it:    scripts/stop.sh             (the workspace stays)"
say "  undo all:   ./rollback.sh"
