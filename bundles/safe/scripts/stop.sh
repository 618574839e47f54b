#!/usr/bin/env bash
# Stops the sandbox, with the commands that run in it, and frees its loop device. The container, the workspace and everything else stay for the next start.
#
# usage: scripts/stop.sh [--help]
#
# Exit codes: 0 it is stopped (or was), also when another program still holds the loop device, which is said; 3 something could not be
# stopped or freed; 4 refused.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/../lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"
# shellcheck source=templates/lib/project.sh
[ "$GEN_PROJECT_METHOD" = none ] || . "$BUNDLE/lib/project.sh"
help_or_refuse "$0" "$@"

# shellcheck disable=SC2034 # lib/work.sh reads it
GOES_ON=yes
begin
need_sandbox "$EX_RESIDUE"
need_name
! called_otherwise || say "$WHAT; to start it again: $MEND"
line=$(sandbox_line) || fail "$EX_RESIDUE" "the sandbox cannot be stopped" "the engine does not list its containers" "$ENGINE ps -a"
if ours "$line" 3; then
    ! elsewhere || say "$WHAT: $WHY."
    keep_worked || fail "$EX_RESIDUE" "the sandbox is not stopped, since what is written in it would go with it" "$WHAT: $WHY" "$MEND"
    say "Stopping $GEN_NAME …"
    say_running "  ends with it: command"
    thaw_sandbox 2>/dev/null
    thaw_first
    end_commands
    # A sandbox that is stopped shows no changes: those of no command are written down as long as it does.
    [ "$GEN_PROJECT_METHOD" = none ] || track_rest || warn "what was changed last is shown after scripts/start.sh only"
    stop_sandbox ||
        fail "$EX_RESIDUE" "the sandbox could not be stopped" "" "$MEND"
fi
if ! detach >/dev/null; then
    [ -n "$GOING" ] || fail "$EX_RESIDUE" "the workspace's disk could not be taken off its loop device" "${HOLDERS:-}" "${HOLDER_MEND:-sudo losetup --list}"
    # What holds it still has the same filesystem, so nothing is lost by the wait, and a start takes the device up again.
    say "The sandbox $GEN_NAME is stopped, and its workspace is kept. $GOING goes by itself when nothing holds it any more: ${HOLDERS:-what does so cannot be seen from here}."
    say "To free it at once: $HOLDER_MEND"
    exit 0
fi
say "The sandbox $GEN_NAME is stopped; its loop device is free, its workspace is kept."
