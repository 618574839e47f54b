#!/usr/bin/env bash
# Takes away the base image that this run brought, or on a whole rollback every one that this bundle ever brought.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/mirror.sh
. "$BUNDLE/lib/mirror.sh"
# shellcheck source=templates/lib/archive.sh
. "$BUNDLE/lib/archive.sh"

clear_workshop && unload_archive || exit 1
[ -e "$STATE/base-images" ] || { unwrite "$STATE/base-images"; exit; }
brought=$(cat "$STATE/base-images") || exit 1
for image in $brought; do
    [ "${GEN_UNDO:-run}" = all ] || [ "$image" = "$GEN_BASE_REF" ] || continue
    # Without --force: the engine itself refuses to take an image from a container that uses it.
    line=$(image_line "$image") || exit 1
    [ -z "$line" ] || docker rmi "$image" || exit 1
    brought=$(printf '%s\n' "$brought" | grep -vxF "$image")
done
if [ -n "$brought" ]; then
    printf '%s\n' "$brought" | write_durably "$STATE/base-images"
else
    unwrite "$STATE/base-images"
fi
