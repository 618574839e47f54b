#!/usr/bin/env bash
# Holds when it is recorded what stood under our names, and no container and no image of somebody else's stands there.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

written=yes
[ -e "$STATE/aside/inventory" ] && [ -s "$STATE/names/client" ] && [ -s "$STATE/names/engine" ] || written=''
[ -z "${GEN_UNDO:-}" ] || [ -n "$written" ] || exit "$HOLDS_NOT"
foreign=$(foreign_objects) || unknown "the engine does not say what stands under our names"
if [ -z "${GEN_UNDO:-}" ]; then
    { [ -z "$foreign" ] || printf '%s\n' "$foreign"; ! undone_first || objects_aside; } | sort -u | sed 's/^/moves: /'
fi
[ -n "$written" ] && [ -z "$foreign" ] || exit "$HOLDS_NOT"
