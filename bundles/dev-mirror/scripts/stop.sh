#!/usr/bin/env bash
# Stops the sandbox, with the commands that run in it, and frees its loop device. The container, the workspace and everything else stay for the next start.
#
# usage: scripts/stop.sh [--help]
#
# Exit codes: 0 it is stopped (or was); 3 something could not be stopped or freed; 4 refused.
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

begin
need_sandbox "$EX_RESIDUE"
need_name
line=$(sandbox_line) || fail "$EX_RESIDUE" "the sandbox cannot be stopped" "the engine does not list its containers" "$ENGINE ps -a"
if ours "$line" 3; then
    say "Stopping $GEN_CONTAINER …"
    thaw_sandbox 2>/dev/null
    end_commands
    # A sandbox that is stopped shows no changes: those of no command are written down as long as it does.
    [ "$GEN_PROJECT_METHOD" = none ] || track_rest || warn "what was changed last is shown after scripts/start.sh only"
    stop_sandbox ||
        fail "$EX_RESIDUE" "the sandbox could not be stopped" "" "$ENGINE kill $GEN_CONTAINER"
fi
device=$(attached_device)
detach >/dev/null ||
    fail "$EX_RESIDUE" "the loop device could not be freed" "another program on this machine has it mounted, or open" "sudo losetup -d ${device:-DEVICE}"
say "The sandbox $GEN_NAME is stopped; its loop device is free, its workspace is kept."
