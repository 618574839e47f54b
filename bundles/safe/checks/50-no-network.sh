#!/usr/bin/env bash
# There is no network
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

if [ "$BACKEND" = microvm ]; then
    ! machine_words | grep -E '^-(netdev|nic|net)$' || { echo "the machine was started with a network"; exit "$HOLDS_NOT"; }
else
    [ "$(docker inspect --format '{{.HostConfig.NetworkMode}}' "$GEN_CONTAINER")" = none ] || { echo "the engine gave the sandbox a network"; exit "$HOLDS_NOT"; }
fi
links=$(inside sed -n 's/^ *\([^:]*\):.*/\1/p' /proc/net/dev) || unknown "the sandbox does not answer"
[ "$links" = lo ] || { echo "network interfaces: $links"; exit "$HOLDS_NOT"; }
# An address is enough: no name is needed to get out. 192.0.2.1 is reserved for documentation (RFC 5737).
if inside python3 -c 'import socket; socket.create_connection(("192.0.2.1", 80), 3)' 2>/dev/null; then
    echo "a connection went out"
    exit "$HOLDS_NOT"
fi
