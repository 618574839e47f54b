#!/usr/bin/env bash
# Forgets the choice, or brings back the one from before this run.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

end_tools || exit 1
if [ "${GEN_UNDO:-run}" = run ]; then
    [ -e "$GEN_PRIOR/choice" ] || exit 0
    if [ -s "$GEN_PRIOR/choice" ]; then
        choice=$(cat "$GEN_PRIOR/choice") && remember_name isolation "$choice"
        exit
    fi
fi
forget_name isolation
