#!/usr/bin/env bash
# No process can gain privileges
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

[ "$(inside sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status)" = 1 ] || { echo "NoNewPrivs is not 1"; exit "$HOLDS_NOT"; }
# Root's files alone: packages that the user installs may bring some, but those belong to the user.
found=$(inside find / -xdev -type f '(' -perm -4000 -uid 0 -o -perm -2000 -gid 0 ')' 2>/dev/null | head -n 5)
[ -z "$found" ] || { echo "set-uid or set-gid files of root: $found"; exit "$HOLDS_NOT"; }
