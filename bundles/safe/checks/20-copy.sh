#!/usr/bin/env bash
# The workspace is a copy of the project, of a bounded size, and the project itself cannot be written
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

read -r kilobytes target < <(inside df -k --output=size,target "$GEN_STORAGE_PATH" | tail -n 1)
[ "$target" = "$GEN_STORAGE_PATH" ] || { echo "the workspace is no mount of its own: $target"; exit "$HOLDS_NOT"; }
right_size "$kilobytes" || exit "$HOLDS_NOT"
host=$(project_path) probe=.gen-check-$$-$RANDOM
# shellcheck disable=SC2016 # the sandbox's shell expands it
inside sh -c 'echo ok >"$1"' write "$probe" || { echo "the user cannot write in the workspace"; exit "$HOLDS_NOT"; }
seen=no
[ ! -e "$host/$probe" ] || seen=yes
inside rm "$probe"
[ "$seen" = no ] || { echo "what is written in the workspace appears in $host"; exit "$HOLDS_NOT"; }
# Nothing of what was left out is there: the first hundred are tried, in one go.
# shellcheck disable=SC2016 # the sandbox's shell expands it
there=$(left_out | head -n 100 | inside sh -c 'while IFS= read -r path; do [ ! -e "$path" ] || echo "$path"; done') || unknown "the sandbox does not answer"
[ -z "$there" ] || { echo "left out, and yet in the sandbox: $there"; exit "$HOLDS_NOT"; }
