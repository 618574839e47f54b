#!/usr/bin/env bash
# The workspace is its own ext4 filesystem of the right size, and writable
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

sandbox_process
workspace_is_ours || exit "$HOLDS_NOT"
# The rest is a trial: the sandbox itself says whether it works.
# shellcheck disable=SC2016 # the sandbox's shell expands it
inside sh -c 'f=$(mktemp .gen-check-XXXXXX) && echo ok >"$f" && rm "$f"' || { echo "the user cannot write in the workspace"; exit "$HOLDS_NOT"; }
