#!/usr/bin/env bash
# The user cannot become root by sudo
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

# look FOLDER TEST...: sets FOUND to what a find in the sandbox's files says.
look() {
    if [ "$BACKEND" = docker ]; then
        beside_find "$@"
    else
        # It is what a program inside reports.
        FOUND=$(inside find "$@" 2>/dev/null)
    fi
}
look /usr/ -path '*bin/sudo' -not -type d
[ -z "$FOUND" ] || { echo "there is a sudo command: $FOUND"; exit "$HOLDS_NOT"; }
for path in /usr/bin /etc /var/lib/dpkg; do
    look "$path" -maxdepth 0 -type d -uid 0
    [ -n "$FOUND" ] || { echo "$path does not belong to root"; exit "$HOLDS_NOT"; }
done
