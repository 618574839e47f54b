#!/usr/bin/env bash
# The root filesystem is writable only if the profile says so
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

[ "$BACKEND" = microvm ] || [ "$(docker inspect --format '{{.HostConfig.ReadonlyRootfs}}' "$(sandbox_id)")" = "$GEN_READONLY_ROOT" ] || { echo "the engine's setting is not $GEN_READONLY_ROOT"; exit "$HOLDS_NOT"; }
if [ "$BACKEND" = docker ]; then
    sandbox_process
    read -r _ _ _ mounted _ < <(mounted_at /)
else
    # shellcheck disable=SC2016 # awk expands it
    mounted=$(inside awk '$5 == "/" { print $6 }' /proc/self/mountinfo) || unknown "the sandbox does not answer"
fi
case $GEN_READONLY_ROOT:,${mounted:-}, in
true:*,ro,* | false:*,rw,*) ;;
*) echo "the root filesystem is mounted ${mounted:-not at all}"; exit "$HOLDS_NOT" ;;
esac
