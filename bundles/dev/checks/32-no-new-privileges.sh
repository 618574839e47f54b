#!/usr/bin/env bash
# No process can gain privileges
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

[ "$(inside sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status)" = 1 ] || { echo "NoNewPrivs is not 1"; exit "$HOLDS_NOT"; }
found=$(inside find / -xdev -type f -perm /6000 2>/dev/null | head -n 5)
[ -z "$found" ] || { echo "set-uid or set-gid files: $found"; exit "$HOLDS_NOT"; }
