#!/usr/bin/env bash
# Holds when the microVM's disk is made from today's image by today's bundle, or when no microVM isolates the sandbox.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/machine.sh
. "$BUNDLE/lib/machine.sh"

if [ -z "${GEN_UNDO:-}" ] && [ "$BACKEND" != microvm ]; then
    machine_is_possible || settled "no microVM will isolate the sandbox: $WHY"
    machine_may_come || exit "$HOLDS"
    # There is nothing else that it could be.
    [ "$GEN_BACKENDS" != microvm ] || exit "$HOLDS_NOT"
    undecided "this, if a microVM isolates the sandbox: that is decided at the start"
fi
machine_is_built || exit "$HOLDS_NOT"
