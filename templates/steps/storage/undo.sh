#!/usr/bin/env bash
# Takes the disk image away: deleted when this run made it; otherwise kept in storage/kept/, unless --delete-data was given.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

end_tools || exit 1
rm -f "$IMAGE.new" && leave_device || exit 1
image_stands || exit 0
if [ "${GEN_UNDO:-run}" = run ] && [ "$(cat "$GEN_PRIOR/made" 2>/dev/null)" != "$(inode_of "$IMAGE")" ]; then
    echo "$IMAGE is not what this run made, and stays"
    exit 1
fi
if [ "${GEN_UNDO:-run}" = all ] && [ "${GEN_DELETE_DATA:-}" != yes ]; then
    kept=$(keep_image "$IMAGE") || exit 1
    echo "kept: $kept"
elif [ -d "$IMAGE" ]; then
    echo "$IMAGE is a folder, which this bundle did not make, and stays"
    exit 1
else
    rm -f "$IMAGE" || exit 1
fi
rmdir "$STORAGE" 2>/dev/null || :
