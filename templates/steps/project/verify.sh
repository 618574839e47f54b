#!/usr/bin/env bash
# Holds when the copy of the project that is named is whole.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"

if [ -z "${GEN_UNDO:-}" ] && copy_without_record && ! undone_first; then
    problem "the disk holds a copy, and the record of what it is a copy of is gone: it is left alone" \
        "sudo mount -o loop,ro $(quoted "$IMAGE") /mnt   (take what you need from upper/ or tree/ in it; then scripts/discard.sh, and start again)" owner
    exit "$UNKNOWN"
fi
if ! project_is_copied; then
    path=$(project_path)
    if foreseeing && [ -d "$path" ] && have python3 && how=$(enter_project --foresee 2>/dev/null); then would "the copy of $path is made as $how"; fi
    exit "$HOLDS_NOT"
fi
# After an undo the question is whether the record of it is left.
if [ -z "${GEN_UNDO:-}" ] && ! copy_is_there; then
    problem "a copy of the project was made, and is not on the disk any more: another disk image is in its place" \
        "scripts/discard.sh   (the history of what was changed is in .state/project; then start again)" owner
    exit "$UNKNOWN"
fi
if [ -z "${GEN_UNDO:-}" ] && ! undone_first; then
    if made_without; then would "$WHY"; fi
    # What is copied is what is named.
    if project_went "$(project_path)"; then would "$WHAT: $MEND"; fi
fi
exit "$HOLDS"
