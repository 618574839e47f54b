#!/usr/bin/env bash
# Holds when the container that this bundle describes runs and is healthy.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"

# A machine's workspace that is left is not undone, whatever is chosen by now.
if [ "${GEN_UNDO:-}" = all ] && [ -e "$MACHINE_WORK" ]; then exit "$HOLDS"; fi
# To start it anew would end what it does now, and leave behind what it wrote.
if [ -z "${GEN_UNDO:-}" ] && ! undone_first && elsewhere; then
    problem "$WHAT: $WHY" "$MEND" owner
    exit "$UNKNOWN"
fi
line=$(healthy_line) || unknown "the engine does not list its containers"
! is_current "$line" || exit "$HOLDS"
if [ -z "${GEN_UNDO:-}" ] && [ "$BACKEND" != microvm ] && ! undone_first; then
    line=$(sandbox_line) || unknown "the engine does not list its containers"
    if ours "$line" 3 && ! is_current "$line"; then
        would "the bundle has changed, so the sandbox is made anew: what was installed or written in it outside the workspace goes with the old one"
    fi
fi
exit "$HOLDS_NOT"
