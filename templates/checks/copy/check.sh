#!/usr/bin/env bash
# The workspace is a copy of the project, of a bounded size, and the project itself cannot be written
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

if [ "$BACKEND" = microvm ]; then
    # Its disk is a file of that size, and there is no other that can be written; where it is mounted, a program inside reports.
    [ "$(inside df --output=target "$GEN_STORAGE_PATH" | tail -n 1)" = "$GEN_STORAGE_PATH" ] || { echo "the workspace is no mount of its own"; exit "$HOLDS_NOT"; }
    whole "$(file_bytes "$IMAGE")" && [ "$NUMBER" -le "$GEN_STORAGE_BYTES" ] || { echo "the workspace's disk is larger than $(human "$GEN_STORAGE_BYTES")"; exit "$HOLDS_NOT"; }
else
    sandbox_process
    workspace_is_ours || exit "$HOLDS_NOT"
fi
host=$(project_path) probe=.gen-check-$$-$RANDOM
# shellcheck disable=SC2016 # the sandbox's shell expands it
inside sh -c 'echo ok >"$1"' write "$probe" || { echo "the user cannot write in the workspace"; exit "$HOLDS_NOT"; }
seen=no
[ ! -e "$host/$probe" ] || seen=yes
inside rm "$probe"
[ "$seen" = no ] || { echo "what is written in the workspace appears in $host"; exit "$HOLDS_NOT"; }
! made_without || { echo "$WHY"; exit "$HOLDS_NOT"; }
# Nothing of what was left out is there: the first hundred are tried, in one go.
# shellcheck disable=SC2016 # that shell expands it
LOOK='cd "$1" || exit
    while IFS= read -r path; do [ ! -e "./$path" ] && [ ! -L "./$path" ] || echo "$path"; done'
if [ "$BACKEND" = docker ]; then
    there=$(left_out | head -n 100 | beside sh -c "$LOOK" look "/proc/1/root$GEN_STORAGE_PATH")
else
    there=$(left_out | head -n 100 | inside sh -c "$LOOK" look "$GEN_STORAGE_PATH")
fi || unknown "whether what was left out is in the sandbox could not be determined"
[ -z "$there" ] || { echo "left out, and yet in the sandbox: $there"; exit "$HOLDS_NOT"; }
