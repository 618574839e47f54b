#!/usr/bin/env bash
# Holds when no container and no image of somebody else's stands under our names.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

container=$(container_line "$GEN_CONTAINER") || unknown "the engine does not list its containers"
image=$(image_line "$GEN_IMAGE_REF") || unknown "the engine does not list its images"
[ -z "$container" ] || ours "$container" 3 || exit "$HOLDS_NOT"
[ -z "$image" ] || ours "$image" 2 || exit "$HOLDS_NOT"
exit "$HOLDS"
