#!/usr/bin/env bash
# Holds when the image is in the engine and is ours. Its name carries the digest of what it is built from.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

line=$(image_line "$GEN_IMAGE_REF") || unknown "the engine does not list its images"
if ours "$line" 2 && ! undone_first; then exit "$HOLDS"; fi
! foreseeing || foresee_build
exit "$HOLDS_NOT"
