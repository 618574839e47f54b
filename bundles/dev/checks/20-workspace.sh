#!/usr/bin/env bash
# The workspace is its own ext4 filesystem of the right size, and writable
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

read -r type kilobytes target < <(inside df -k --output=fstype,size,target "$GEN_STORAGE_PATH" | tail -n 1)
# gVisor passes the host's mount on under a name of its own; what is mounted, the engine says.
[ "$BACKEND:$type" != gvisor:9p ] || type=$(docker volume inspect --format '{{.Options.type}}' "$VOLUME")
[ "$type" = ext4 ] && [ "$target" = "$GEN_STORAGE_PATH" ] || { echo "the workspace is no ext4 filesystem of its own: $type on $target"; exit "$HOLDS_NOT"; }
right_size "$kilobytes" || exit "$HOLDS_NOT"
# shellcheck disable=SC2016 # the sandbox's shell expands it
inside sh -c 'f=$(mktemp .gen-check-XXXXXX) && echo ok >"$f" && rm "$f"' || { echo "the user cannot write in the workspace"; exit "$HOLDS_NOT"; }
