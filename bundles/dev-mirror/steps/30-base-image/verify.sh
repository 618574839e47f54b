#!/usr/bin/env bash
# Holds when the image that the Dockerfile begins with is in the engine.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

if [ "${GEN_UNDO:-}" = all ]; then
    # After a whole rollback the question is whether one that we brought is left; today's may be somebody else's.
    if [ -e "$STATE/base-images" ] || owned_lines | grep -q '^base '; then exit "$HOLDS"; fi
    exit "$HOLDS_NOT"
fi
image_is_there "$GEN_BASE_REF"
case $? in 0) exit "$HOLDS" ;; 1) exit "$HOLDS_NOT" ;; *) unknown "the engine does not list its images" ;; esac
