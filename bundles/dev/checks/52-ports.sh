#!/usr/bin/env bash
# Only the profile's ports are published
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

if [ "$BACKEND" = microvm ]; then
    ! machine_words | grep hostfwd && [ -z "$GEN_PORTS" ] || { echo "a microVM publishes no ports; the profile says: ${GEN_PORTS:-none}"; exit "$HOLDS_NOT"; }
    exit "$HOLDS"
fi
published=$(docker inspect --format '{{range $port, $hosts := .HostConfig.PortBindings}}{{range $hosts}}{{.HostIp}}:{{.HostPort}}:{{$port}}{{"\n"}}{{end}}{{end}}' "$(sandbox_id)") || unknown "the engine does not answer"
sorted() { printf '%s' "$1" | tr ' ' '\n' | grep . | sort; }
[ "$(sorted "$published")" = "$(sorted "$GEN_PORTS")" ] || { echo "published: ${published:-none}; the profile says: ${GEN_PORTS:-none}"; exit "$HOLDS_NOT"; }
