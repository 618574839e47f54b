#!/usr/bin/env bash
# Holds when the image that the Dockerfile begins with is in the engine, and there is a system in it.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/base.sh
. "$BUNDLE/lib/base.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"

if [ -n "${GEN_UNDO:-}" ]; then
    # After an undo the question is whether one that we brought is left; what has the name by now may be somebody else's.
    left=$(owned_lines) || unknown "what this bundle brought cannot be known: $OWNED cannot be read"
    left=$(awk -v only="$GEN_BASE_REF" -v scope="$GEN_UNDO" '($1 == "base" || $1 == "name") && (scope == "all" || $4 == only)' <<<"$left")
    if [ -e "$STATE/base-images" ] || [ -n "$left" ]; then exit "$HOLDS"; fi
    exit "$HOLDS_NOT"
fi
facts=$(base_facts "$GEN_BASE_REF") || unknown "the engine does not list its images"
[ -n "$facts" ] || exit "$HOLDS_NOT"
lacks=$(base_lacks "$facts") || exit "$HOLDS"
word 1 "$facts"
# Ours is made again. Somebody else's is nothing that we replace.
! recorded base "$WORD" || exit "$HOLDS_NOT"
problem "there is an image $GEN_BASE_REF that this bundle did not bring, and $lacks" "$ENGINE rmi $(quoted "$GEN_BASE_REF")" owner
exit "$UNKNOWN"
