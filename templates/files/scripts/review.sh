#!/usr/bin/env bash
# Shows what the agent changed in the copy of the project: a summary, what is held back and why, and the difference.
#
# usage: scripts/review.sh [A..B | A] [--stat] [--patch FILE] [--json]
#        scripts/review.sh --rules
#
#   A..B           only what was changed from commit A to commit B (scripts/changes.sh lists them)
#   A              only what the command of commit A changed
#   --stat         the summary alone, after which apply wants a whole one
#   --patch FILE   also write the difference to FILE, for `git apply`
#   --json         one document for programs (schemas/review.schema.json)
#   --rules        the table of what is held back, as JSON (schemas/rules.schema.json)
#
# It prints a hash: `scripts/apply.sh --approve HASH` brings back exactly this, and nothing that comes after it. Without A..B, --stat
# and --json, and if it was seen to its end, it also writes down that this was shown: apply.sh brings nothing back that was not.
# Changes nothing in the sandbox and nothing in the project.
#
# Exit codes: 0 shown; 2 wrong arguments; 4 there is no copy of a project.
# shellcheck source=templates/lib/project-script.sh
. "$(dirname "$0")/../lib/project-script.sh"

# The table is the same for every copy.
[ "$*" != --rules ] || { project review --rules; exit; }
need_copy
show_rest
project review "$@"
