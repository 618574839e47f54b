#!/usr/bin/env bash
# Starts the sandbox: makes what is missing on this host, step by step, and waits until the sandbox is healthy.
#
# usage: scripts/start.sh [--help]
#
# Each step is verified first and left alone if it holds, so starting twice changes nothing. When a step fails, or you
# press Ctrl-C, everything that this run did is undone. PLAN.md says what the steps do.
#
# Exit codes: 0 the sandbox runs; 1 failed, and everything that this run did is undone; 2 wrong arguments;
#             3 failed, and something could not be undone (it is named); 4 refused, nothing was changed.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
help_or_refuse "$0" "$@"

say "${BOLD}Starting the sandbox $GEN_NAME${PLAIN}"
run_up || exit
say "The sandbox ${BOLD}$GEN_NAME${PLAIN} runs."
say "  check it:   ./test-setup.sh"
say "  work in it: scripts/connect.sh"
say "  stop it:    scripts/stop.sh        (the workspace stays)"
say "  undo all:   ./rollback.sh"
