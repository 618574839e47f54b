#!/usr/bin/env bash
# The workspace is its own ext4 filesystem of the right size, and writable
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

# df -T: filesystem type blocks used available capacity mount-point
line=$(inside df -PTk "$GEN_STORAGE_PATH" | tail -n 1) || unknown "the sandbox does not answer"
# shellcheck disable=SC2086 # split on purpose
set -- $line
[ "$2" = ext4 ] && [ "$7" = "$GEN_STORAGE_PATH" ] || { echo "the workspace is no ext4 filesystem of its own: $line"; exit "$HOLDS_NOT"; }
size=$(file_bytes "$IMAGE")
# The filesystem's own tables take a part; a small one has a journal that takes more.
[ $(($3 * 1024)) -le "$size" ] && [ $(($3 * 1024)) -ge $((size - size / 100 * 7 - 33554432)) ] ||
    { echo "the filesystem has $(human $(($3 * 1024))), the image file $(human "$size")"; exit "$HOLDS_NOT"; }
inside sh -c 'f=$(mktemp .gen-check-XXXXXX) && echo ok >"$f" && rm "$f"' || { echo "the user cannot write in the workspace"; exit "$HOLDS_NOT"; }
