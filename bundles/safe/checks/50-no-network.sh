#!/usr/bin/env bash
# There is no network
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

if [ "$BACKEND" = microvm ]; then
    ! machine_words | grep -E '^-(netdev|nic|net)$' || { echo "the machine was started with a network"; exit "$HOLDS_NOT"; }
    exit "$HOLDS"
fi
[ "$(docker inspect --format '{{.HostConfig.NetworkMode}}' "$(sandbox_id)")" = none ] || { echo "the engine gave the sandbox a network"; exit "$HOLDS_NOT"; }
# Every process has the interfaces of one network namespace: nothing gets out by an interface that is not there.
sandbox_process
while read -r process; do
    links=$(sed -n 's/^ *\([^:]*\):.*/\1/p' "/proc/$process/net/dev" 2>/dev/null)
    case $links in '' | lo) ;; *) echo "network interfaces: $links"; exit "$HOLDS_NOT" ;; esac
done < <(sandbox_processes)
[ -r "/proc/$PID/net/dev" ] || unknown "the sandbox's process ended meanwhile"
