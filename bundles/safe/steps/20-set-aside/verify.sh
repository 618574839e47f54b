#!/usr/bin/env bash
# Holds when it is recorded what stood under our names, and no container and no image of somebody else's stands there.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

if [ -z "${GEN_UNDO:-}" ]; then
    foreign=$(foreign_objects) || unknown "the engine does not say what stands under our names"
    { [ -z "$foreign" ] || printf '%s\n' "$foreign"; ! undone_first || objects_aside; } | sort -u | sed 's/^/moves: /'
fi
[ -e "$STATE/aside/inventory" ] && [ -s "$STATE/names/client" ] && [ -s "$STATE/names/engine" ] || exit "$HOLDS_NOT"
container=$(container_line "$GEN_CONTAINER") || unknown "the engine does not list its containers"
image=$(image_line "$GEN_IMAGE_REF") || unknown "the engine does not list its images"
[ -z "$container" ] || ours "$container" 3 || exit "$HOLDS_NOT"
[ -z "$image" ] || ours "$image" 2 || exit "$HOLDS_NOT"
exit "$HOLDS"
