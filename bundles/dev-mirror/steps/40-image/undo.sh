#!/usr/bin/env bash
# Removes the image: the one that this run built, or on a whole rollback every one that this bundle ever built. A name that a person
# gave it is that person's, and so is an image that a person gave our name.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/images.sh
. "$BUNDLE/lib/images.sh"

end_build || exit 1

lines=$(owned_lines) || exit 1
left=''
while read -r kind token id name; do
    [ "$kind" = image ] || continue
    [ "${GEN_UNDO:-run}" = all ] || [ "$name" = "$GEN_IMAGE_REF" ] || continue
    remove_image "$token" "$id" "$name" || {
        users=$(image_users "$id")
        # All of them are named at the end, where they are seen.
        left="${left:+$left$'\n'}the image $name stays${users:+, since containers that are not ours use it:${users//$'\n'/,}}"
        continue
    }
    disown image "$token" || left="${left:+$left$'\n'}the image $name is gone, and that cannot be written down"
done <<<"$lines"
[ -z "$left" ] || { printf '%s\n' "$left" && exit 1; }
rm -rf "${STATE:?}/build"
