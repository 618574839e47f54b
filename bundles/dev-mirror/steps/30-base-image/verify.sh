#!/usr/bin/env bash
# Holds when the image that the Dockerfile begins with is in the engine.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

image_is_there "$GEN_BASE_REF"
case $? in 0) exit "$HOLDS" ;; 1) exit "$HOLDS_NOT" ;; *) unknown "the engine does not list its images" ;; esac
