#!/usr/bin/env bash
# Holds when one is chosen, is one that the profile accepts, and boots.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"
# shellcheck source=templates/lib/isolation.sh
. "$BUNDLE/lib/isolation.sh"

if [ "${GEN_UNDO:-}" = all ]; then
    [ -e "$CHOICE" ] && exit "$HOLDS"
    exit "$HOLDS_NOT"
fi
if [ -z "$BACKEND" ] || undone_first; then
    ! foreseeing || foresee_isolation
    exit "$HOLDS_NOT"
fi
# A sandbox of ours that runs is the proof that it works.
line=$(healthy_line) || unknown "the engine does not list its containers"
if is_current "$line"; then exit "$HOLDS"; fi
works "$BACKEND" && exit "$HOLDS"
# Whoever chose anew here would take something weaker, and nobody would see it.
unknown "$(gone)"
