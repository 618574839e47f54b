#!/usr/bin/env bash
# Work is done as the profile's user, who is not root
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

expect_same() { [ "$2" = "$3" ] || { echo "$1: expected $2, found $3"; exit "$HOLDS_NOT"; }; }
[ "$GEN_UID" -ne 0 ] || { echo "the profile's user is root"; exit "$HOLDS_NOT"; }
if [ "$BACKEND" != microvm ]; then
    expect_same "the user in the engine's settings" "$GEN_UID:$GEN_UID" "$(docker inspect --format '{{.Config.User}}' "$(sandbox_id)")"
    sandbox_process
fi
if [ "$BACKEND" = docker ]; then
    four="$GEN_UID $GEN_UID $GEN_UID $GEN_UID"
    while read -r process; do
        value=$(status_of "$process" Uid)
        [ -n "$value" ] || continue
        expect_same "the user of process $process of the sandbox" "$four" "$value"
        expect_same "the group of process $process of the sandbox" "$four" "$(status_of "$process" Gid)"
        groups=$(status_of "$process" Groups)
        case $groups in '' | "$GEN_UID") ;; *) echo "process $process of the sandbox has further groups: $groups"; exit "$HOLDS_NOT" ;; esac
    done < <(sandbox_processes)
fi
# The rest is what the sandbox says of itself.
expect_same "whoami" "$GEN_USER" "$(inside whoami)"
expect_same "the user's number" "$GEN_UID" "$(inside id -u)"
if [ "$BACKEND" = microvm ]; then
    # Process 1 of a machine is its agent, which the sandbox's user cannot reach.
    ! inside sh -c 'kill -0 1' 2>/dev/null || { echo "the user may send signals to the machine's agent"; exit "$HOLDS_NOT"; }
fi
exit "$HOLDS"
