#!/usr/bin/env bash
# Shows the difference between two moments of the copy of the project; without arguments, since it was made.
#
# usage: scripts/diff.sh [A..B | A] [--stat] [--patch] [--json]
#
#   A..B     from commit A to commit B (scripts/changes.sh lists them); B may be left out for now
#   A        what the command of that one commit changed
#   --stat   the paths alone
#   --patch  as `git apply` takes it: nothing is escaped
#   --json   one document for programs (schemas/changes.schema.json)
#
# Exit codes: 0 shown; 2 wrong arguments; 4 there is no copy of a project.
# shellcheck source=templates/lib/project-script.sh
. "$(dirname "$0")/../lib/project-script.sh"

need_copy
show_rest
project diff "$@"
