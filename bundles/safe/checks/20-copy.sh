#!/usr/bin/env bash
# The workspace is a copy of the project, of a bounded size, and the project itself cannot be written
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

read -r kilobytes target < <(inside df -k --output=size,target "$GEN_STORAGE_PATH" | tail -n 1)
[ "$target" = "$GEN_STORAGE_PATH" ] || { echo "the workspace is no mount of its own: $target"; exit "$HOLDS_NOT"; }
size=$(file_bytes "$IMAGE") bytes=$((kilobytes * 1024))
# The filesystem's own tables take a part; a small one has a journal that takes more.
[ "$bytes" -le "$size" ] && [ "$bytes" -ge $((size - size * 7 / 100 - (32 << 20))) ] ||
    { echo "the filesystem has $(human "$bytes"), the image file $(human "$size")"; exit "$HOLDS_NOT"; }
host=$(project_path) probe=.gen-check-$$-$RANDOM
# shellcheck disable=SC2016 # the sandbox's shell expands it
inside sh -c 'echo ok >"$1"' write "$probe" || { echo "the user cannot write in the workspace"; exit "$HOLDS_NOT"; }
seen=no
[ ! -e "$host/$probe" ] || seen=yes
inside rm "$probe"
[ "$seen" = no ] || { echo "what is written in the workspace appears in $host"; exit "$HOLDS_NOT"; }
# Nothing of what was left out is there: the first hundred are tried.
while IFS= read -r path; do
    ! inside test -e "$path" || { echo "$path was left out, and yet it is in the sandbox"; exit "$HOLDS_NOT"; }
done < <(left_out | head -n 100)
