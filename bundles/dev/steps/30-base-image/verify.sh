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

if [ "${GEN_UNDO:-}" = all ]; then
    # After a whole rollback the question is whether one that we brought is left; today's may be somebody else's.
    if [ -e "$STATE/base-images" ] || owned_lines | grep '^base ' >/dev/null; then exit "$HOLDS"; fi
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
