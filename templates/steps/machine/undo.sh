#!/usr/bin/env bash
# Takes the microVM's parts away, or brings those of the older image back.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/machine.sh
. "$BUNDLE/lib/machine.sh"

end_tools || exit 1
[ -d "$MACHINE" ] || exit 0
machine kill || exit 1
rm -rf "$MACHINE"/build-* "$MACHINE/image.tar" || exit 1
for part in image snapshot build.json kernel initrd root.img; do
    rm -rf "${MACHINE:?}/$part" || exit 1
    if [ "${GEN_UNDO:-run}" = run ] && [ -e "$GEN_PRIOR/old/$part" ]; then mv "$GEN_PRIOR/old/$part" "$MACHINE/" || exit 1; fi
done
# What is left is the workspace, if it is; the sandbox's step takes that away.
forget_machine
