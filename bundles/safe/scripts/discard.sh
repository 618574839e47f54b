#!/usr/bin/env bash
# Throws the sandbox away, with what the agent changed and was not applied. Your project stays as it is.
#
# usage: scripts/discard.sh [--yes]
#
# It says first what would be lost, and asks. Without a terminal it wants --yes. This is ./rollback.sh --delete-data.
#
# Exit codes: 0 everything is gone, and this machine is what it was; 2 wrong arguments; 3 something is left (it is named);
#             4 refused (also: you said no, or the engine does not answer), nothing was changed.
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/journal.sh
. "$BUNDLE/lib/journal.sh"
trap 'last_line $?' EXIT

yes=''
case ${1:-} in
-h | --help) usage "$0" && exit "$EX_DONE" ;;
--yes) yes=yes ;;
'') ;;
*) fail "$EX_USAGE" "unknown argument: $1" "" "scripts/discard.sh --help" ;;
esac
need_engine_to_undo
if [ -s "$STATE/project/settings.json" ]; then
    "$BUNDLE/scripts/review.sh" --stat || :
fi
if [ -z "$yes" ]; then
    on_terminal || fail "$EX_REFUSED" "nothing is thrown away unasked" "there is no terminal to ask on" "scripts/discard.sh --yes"
    say_yes "Throw all of this away, and the sandbox with it?" || fail "$EX_REFUSED" "nothing was thrown away"
fi
exec "$BUNDLE/rollback.sh" --yes --delete-data
