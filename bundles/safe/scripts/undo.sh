#!/usr/bin/env bash
# Brings the files of the copy back to what they were before the last command, or the last N. Nothing is lost: this is a
# commit as well, and undoing it brings them back.
#
# usage: scripts/undo.sh [N]
#
# The sandbox is frozen meanwhile, or stopped and started again where its copy is an overlay. Your project is not touched.
#
# Exit codes: 0 done; 1 it failed; 2 wrong arguments; 4 refused, nothing was changed.
# shellcheck source=templates/lib/project-script.sh
. "$(dirname "$0")/../lib/project-script.sh"

need_copy
at_rest
track_rest || fail "$EX_FAILED" "what was changed last could not be written down, so nothing is undone" "" "scripts/status.sh"
project undo "$@"
