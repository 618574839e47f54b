#!/usr/bin/env bash
# Lists the commits of the copy of the project: one for each command that changed something, with its exit code and time.
#
# usage: scripts/changes.sh [--json]
#
#   --json   one document for programs (schemas/commits.schema.json)
#
# Exit codes: 0 shown; 2 wrong arguments; 4 there is no copy of a project.
# shellcheck source=templates/lib/project-script.sh
. "$(dirname "$0")/../lib/project-script.sh"

need_copy
show_rest
project log "$@"
