#!/usr/bin/env bash
# Names are resolved by the profile's servers
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

servers=$(docker inspect --format '{{range .HostConfig.Dns}}{{.}} {{end}}' "$(sandbox_id)") || unknown "the engine does not answer"
[ "${servers% }" = "$GEN_DNS" ] || { echo "the engine was given: ${servers:-none}; the profile says: ${GEN_DNS:-none}"; exit "$HOLDS_NOT"; }
