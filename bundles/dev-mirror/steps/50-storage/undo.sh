#!/usr/bin/env bash
# Takes the disk image away: deleted when this run made it; otherwise kept in storage/kept/, unless --delete-data was given.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

end_tools || exit 1
rm -f "$IMAGE.new" || exit 1
[ -e "$IMAGE" ] || exit 0
[ -z "$(named_loops "${IMAGE##*/}")" ] || detach || exit 1
if [ "${GEN_UNDO:-run}" = all ] && [ "${GEN_DELETE_DATA:-}" != yes ]; then
    kept=$(keep_image "$IMAGE") || exit 1
    echo "kept: $kept"
else
    rm -f "$IMAGE" || exit 1
fi
rmdir "$STORAGE" 2>/dev/null || :
