#!/usr/bin/env bash
# Where the workspace's disk image was replaced, or taken away, while the sandbox worked on it: brings it back.
#
# usage: scripts/rescue.sh [--help]
#
# The old file has no name any more, and its loop device alone has what was written since. The sandbox is stopped, and what the device
# has becomes the disk image again. The file that was put there is kept in storage/kept/.
#
# Exit codes: 0 done; 1 failed, and the loop device has it still; 3 failed, and something is left (it is named); 4 refused: there is nothing
#             to rescue.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
help_or_refuse "$0" "$@"

# end_rescue: says what there is now.
end_rescue() {
    say "The workspace's disk image is again what the sandbox worked on: $IMAGE"
    if [ -n "$OTHER" ]; then
        case $OTHER in *.img) ;; *) say "What had its name is kept: $OTHER" && say "Go on: scripts/start.sh" && return ;; esac
        choose="mv $(quoted "$OTHER") $(quoted "$IMAGE")"
        [ "$GEN_PROJECT_METHOD" != none ] || [ "$BACKEND" = microvm ] || choose="scripts/restore.sh $(quoted "$OTHER")"
        say "What had its name is kept: $OTHER"
        say "  take that one instead: $choose   (before the next start)"
    fi
    say "Go on: scripts/start.sh"
}

begin
need_sandbox "$EX_REFUSED"
need_name
if [ "$BACKEND" = microvm ]; then
    machine_is_elsewhere && [ -n "$OPEN" ] || fail "$EX_REFUSED" "there is nothing to rescue" "${WHY:-no file that the machine has open is without a name}" "scripts/status.sh"
    taking_back file "$IMAGE.new"
    rescue_machine || fail "$EX_FAILED" "what the machine works on could not be brought back" "$WHY" "df -h $(quoted "$STORAGE")"
    end_rescue
    exit
fi
if ! replaced; then
    ! elsewhere || fail "$EX_REFUSED" "there is nothing to rescue: no file is without a name" "$WHAT: $WHY" "$MEND"
    fail "$EX_REFUSED" "there is nothing to rescue" "no loop device has another file than $IMAGE" "scripts/status.sh"
fi
if ours "$(sandbox_line)" 3; then
    say "Stopping $GEN_CONTAINER …"
    thaw_sandbox 2>/dev/null
    stop_sandbox || fail "$EX_FAILED" "the sandbox could not be stopped" "" "$MEND"
fi
taking_back file "$IMAGE.new"
rescue || fail "$EX_FAILED" "what the sandbox works on could not be brought back" "${HOLDERS:-$WHY}" "${HOLDER_MEND:-df -h $(quoted "$STORAGE")}"
end_rescue
