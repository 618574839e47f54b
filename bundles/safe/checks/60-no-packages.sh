#!/usr/bin/env bash
# The user cannot become root by sudo
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

! inside sh -c 'command -v sudo' || { echo "there is a sudo command"; exit "$HOLDS_NOT"; }
for path in /usr/bin /etc /var/lib/dpkg; do
    owner=$(inside stat -c %u "$path") || unknown "the sandbox does not answer"
    [ "$owner" = 0 ] || { echo "$path belongs to user $owner"; exit "$HOLDS_NOT"; }
done
