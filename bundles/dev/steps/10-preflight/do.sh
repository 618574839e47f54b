#!/usr/bin/env bash
# Nothing can be done here but say what stands in the way, all of it at once.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/isolation.sh
. "$BUNDLE/lib/isolation.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"

problems=$(preflight_problems)
[ -z "$problems" ] && exit 0
printf '%s\n' "$problems"
# Weaker isolation than the profile asks for is no failure of this host: it is refused.
[ -z "$(isolation_problems)" ] || exit "$EX_REFUSED"
exit 1
