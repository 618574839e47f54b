#!/usr/bin/env bash
# The root filesystem is writable only if the profile says so
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

[ "$BACKEND" = microvm ] || [ "$(docker inspect --format '{{.HostConfig.ReadonlyRootfs}}' "$GEN_CONTAINER")" = "$GEN_READONLY_ROOT" ] || { echo "the engine's setting is not $GEN_READONLY_ROOT"; exit "$HOLDS_NOT"; }
# shellcheck disable=SC2016 # awk expands it
mounted=$(inside awk '$5 == "/" { print $6 }' /proc/self/mountinfo) || unknown "the sandbox does not answer"
case $GEN_READONLY_ROOT:,$mounted, in
true:*,ro,* | false:*,rw,*) ;;
*) echo "the root filesystem is mounted $mounted"; exit "$HOLDS_NOT" ;;
esac
