#!/usr/bin/env bash
# Makes the disk and the kernel of the microVM and saves the state of one that has booted; those of an older image wait until the
# run has ended well.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/machine.sh
. "$BUNDLE/lib/machine.sh"

if [ -e "$MACHINE_IMAGE" ]; then
    machine stop || exit 1
    mkdir -p "$GEN_PRIOR/old" || exit 1
    for part in build.json kernel initrd root.img snapshot image; do
        [ ! -e "$MACHINE/$part" ] || mv "$MACHINE/$part" "$GEN_PRIOR/old/" || exit 1
    done
fi
build_machine && save_machine
