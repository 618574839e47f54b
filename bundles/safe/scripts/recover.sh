#!/usr/bin/env bash
# Brings a run that was interrupted (killed, or cut off by a power failure) to its end: what it began is undone.
#
# usage: scripts/recover.sh [--help]
#
# scripts/start.sh and ./rollback.sh do this by themselves first. This does it alone, and measures that this host is
# what it was before that run.
#
# Exit codes: 0 there is no open run (any more); 3 something could not be undone (it is named); 4 refused.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
help_or_refuse "$0" "$@"

begin
say "No run is open."
! debt_open || say "What the last rollback found to differ is still written down: ./rollback.sh looks again."
