#!/usr/bin/env bash
# Holds when nothing stands in the way.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/isolation.sh
. "$BUNDLE/lib/isolation.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"

# A sandbox of ours that runs is the proof that this host can run it.
line=$(sandbox_line 2>/dev/null)
if is_current "$line" && has_word 2 "$line" running; then exit "$HOLDS"; fi
problems=$(preflight_problems)
[ -z "$problems" ] && exit "$HOLDS"
printf '%s\n' "$problems"
exit "$HOLDS_NOT"
