#!/usr/bin/env bash
# Work is done as the profile's user, who is not root
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

expect_same() { [ "$2" = "$3" ] || { echo "$1: expected $2, found $3"; exit "$HOLDS_NOT"; }; }
expect_same "whoami" "$GEN_USER" "$(inside whoami)"
expect_same "the user's number" "$GEN_UID" "$(inside id -u)"
if [ "$BACKEND" = microvm ]; then
    # Process 1 of a machine is its agent, which the sandbox's user cannot reach.
    ! inside sh -c 'kill -0 1' 2>/dev/null || { echo "the user may send signals to the machine's agent"; exit "$HOLDS_NOT"; }
    exit "$HOLDS"
fi
expect_same "the user of process 1" "$GEN_UID" "$(inside stat -c %u /proc/1)"
expect_same "the user in the engine's settings" "$GEN_UID:$GEN_UID" "$(docker inspect --format '{{.Config.User}}' "$GEN_CONTAINER")"
[ "$GEN_UID" -ne 0 ]
