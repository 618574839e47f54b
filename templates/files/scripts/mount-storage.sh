#!/usr/bin/env bash
# Attaches, detaches or reports the workspace's disk image.
#
# usage: scripts/mount-storage.sh attach|detach|report
#
#   attach   put the image on a loop device (scripts/start.sh does this by itself)
#   detach   take it off again; refused while the sandbox runs
#   report   how large the image is, how much of the host's disk it takes, how much of it is used
#
# Exit codes: 0 done; 1 it failed; 2 wrong arguments; 4 refused.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"

report() {
    ! elsewhere || { warn "$WHAT: $WHY" && warn "  mend: $MEND"; }
    [ -f "$IMAGE" ] || fail "$EX_FAILED" "there is no disk image" "the sandbox was never started here" "scripts/start.sh"
    say "file:       $IMAGE"
    say "apparent:   $(human "$(file_bytes "$IMAGE")")"
    say "allocated:  $(human "$(allocated_bytes "$IMAGE")")   (what it takes of the host's disk)"
    say "used:       $(human "$(used_bytes)")   (by the filesystem in it)"
    say "attached:   $(attached_device)"
}

case ${1:-} in
-h | --help) usage "$0" ;;
attach)
    begin
    [ -f "$IMAGE" ] || replaced || fail "$EX_FAILED" "there is no disk image" "the sandbox was never started here" "scripts/start.sh"
    need_engine
    need_own_file
    need_name
    attach || fail "$EX_FAILED" "the image could not be attached" "" "losetup -a"
    say "attached: $(attached_device)"
    ;;
detach)
    begin
    need_engine
    need_name
    line=$(sandbox_line) || fail "$EX_FAILED" "the engine does not list its containers" "" "$ENGINE ps -a"
    ! { ours "$line" 3 && has_word 2 "$line" running; } || fail "$EX_REFUSED" "the sandbox runs on it" "" "scripts/stop.sh"
    detach || fail "$EX_FAILED" "the image could not be detached" "${HOLDERS:-}" "${HOLDER_MEND:-sudo losetup --list}"
    say "detached"
    ;;
report) report ;;
*) fail "$EX_USAGE" "say what to do: attach, detach or report" "" "scripts/mount-storage.sh --help" ;;
esac
