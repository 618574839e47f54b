#!/usr/bin/env bash
# No process can gain privileges
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

# 39 is PR_GET_NO_NEW_PRIVS; gVisor does not list it in /proc.
inside python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) != 1)' || { echo "no_new_privs is not set"; exit "$HOLDS_NOT"; }
# Root's files alone: packages that the user installs may bring some, but those belong to the user.
found=$(inside find / -xdev -type f '(' -perm -4000 -uid 0 -o -perm -2000 -gid 0 ')' 2>/dev/null | head -n 5)
[ -z "$found" ] || { echo "set-uid or set-gid files of root: $found"; exit "$HOLDS_NOT"; }
