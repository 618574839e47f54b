#!/usr/bin/env bash
# The sandbox runs
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

if [ "$BACKEND" = microvm ]; then
    [ -n "$(healthy_line)" ] && [ "$(inside id -u)" = "$GEN_UID" ] || { echo "the machine is $(machine_state), or does not answer"; exit "$HOLDS_NOT"; }
    exit "$HOLDS"
fi
state=$(docker inspect --format '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}} {{.RestartCount}}' "$(sandbox_id)") || unknown "the engine knows no container $GEN_CONTAINER"
[ "$state" = 'running healthy 0' ] || { echo "status, health and restarts are: $state"; exit "$HOLDS_NOT"; }
