#!/usr/bin/env bash
# No process can gain privileges
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

# Root's files alone: packages that the user installs may bring some, but those belong to the user.
ROOTS=(-xdev -type f '(' -perm -4000 -uid 0 -o -perm -2000 -gid 0 ')')
if [ "$BACKEND" = docker ]; then
    sandbox_process
    while read -r process; do
        value=$(status_of "$process" NoNewPrivs)
        [ -z "$value" ] || [ "$value" = 1 ] || { echo "no_new_privs is not set for process $process of the sandbox"; exit "$HOLDS_NOT"; }
    done < <(sandbox_processes)
    beside_find / "${ROOTS[@]}"
else
    # 39 is PR_GET_NO_NEW_PRIVS; gVisor does not list it in /proc. It is what a program inside reports.
    inside python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) != 1)' || { echo "no_new_privs is not set"; exit "$HOLDS_NOT"; }
    FOUND=$(inside find / "${ROOTS[@]}" 2>/dev/null)
fi
[ -z "$FOUND" ] || { echo "set-uid or set-gid files of root: $(printf '%s\n' "${FOUND//\/proc\/1\/root/}" | head -n 5)"; exit "$HOLDS_NOT"; }
