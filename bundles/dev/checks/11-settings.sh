#!/usr/bin/env bash
# The engine was told nothing about the sandbox but what this bundle says
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

# A machine has no engine: the other checks look at how its process was started.
[ "$BACKEND" != microvm ] || exit "$HOLDS"
found=$(engine_differences) || unknown "the engine does not say with which settings the sandbox was made"
[ -z "$found" ] || { printf '%s\n' "$found"; exit "$HOLDS_NOT"; }
