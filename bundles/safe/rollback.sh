#!/usr/bin/env bash
# Undoes everything that this bundle did on this host, and gives back what it moved aside.
#
# usage: ./rollback.sh [--yes] [--delete-data]
#
#   --yes           do not ask. This is not consent to lose data.
#   --delete-data   delete the workspace too. Without this it is kept as a disk image in storage/kept/.
#
# On a terminal you are told what would go, and asked. Without a terminal nothing is asked, and the workspace is kept.
#
# Exit codes: 0 everything is undone; 2 wrong arguments; 3 something is left (it is named);
#             4 refused (also: you said no, or the engine does not answer), nothing was changed.
# shellcheck source=templates/lib/runner.sh
. "$(dirname "$0")/lib/runner.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"
# shellcheck source=templates/lib/project.sh
[ "$GEN_PROJECT_METHOD" = none ] || . "$BUNDLE/lib/project.sh"

# say_waiting: what the agent changed and nobody has applied.
say_waiting() {
    local line lines fate="kept as a patch"
    [ "$GEN_DELETE_DATA" != yes ] || fate="${RED}deleted${PLAIN}"
    [ -s "$PROJECT/settings.json" ] || return 0
    { let_go && track_rest; } >/dev/null 2>&1 || say "  What was changed in the copy last could not be looked at: more than this may wait."
    lines=$(project status --waiting 2>/dev/null)
    [ -n "$lines" ] || return 0
    while IFS= read -r line; do say "  $line"; done <<<"$lines"
    say "  What waits will be $fate."
}

# say_kept: where what is kept is, and what shows it.
say_kept() {
    local kept
    for kept in "$STORAGE"/kept/*.img; do
        [ -e "$kept" ] || continue
        if [ "$GEN_PROJECT_METHOD" = none ]; then
            say "  kept: $kept   (scripts/restore.sh brings it back)"
        else
            say "  kept: $kept   (sudo mount -o loop,ro $(quoted "$kept") /mnt shows the copy's disk)"
        fi
    done
    for kept in "$STATE"/project/track-*.git; do
        [ ! -d "$kept" ] || say "  kept: what was changed in the copy: git --git-dir=$(quoted "$kept") log -p sandbox"
    done
    for kept in "$STATE"/project/track-*.patch; do
        [ ! -f "$kept" ] || say "  kept: what was not applied: $kept   (scripts/start.sh, then scripts/exec.sh -- git apply <$(quoted "$kept"): it waits for a review again)"
    done
}

yes='' GEN_DELETE_DATA=''
for argument in "$@"; do
    case $argument in
    -h | --help) usage "$0" && exit "$EX_DONE" ;;
    --yes) yes=yes ;;
    --delete-data) GEN_DELETE_DATA=yes ;;
    *) fail "$EX_USAGE" "unknown argument: $argument" "" "./rollback.sh --help" ;;
    esac
done
export GEN_DELETE_DATA

# Without the engine hardly a step could be undone: each would be tried, and the run stay open.
need_engine_to_undo
say "${BOLD}Rolling back the sandbox $GEN_NAME${PLAIN}"
! replaced || say "  ${RED}$WHAT${PLAIN}: $WHY. Both are $([ "$GEN_DELETE_DATA" = yes ] && echo deleted || echo "kept: what was put there is the one that is called -other.img")."
if [ -f "$IMAGE" ]; then
    if [ "$GEN_DELETE_DATA" = yes ]; then
        say "  ${RED}The workspace will be deleted${PLAIN}: $(human "$(allocated_bytes "$IMAGE")") of data in $IMAGE"
    else
        say "  The workspace ($(human "$(allocated_bytes "$IMAGE")") of data) will be kept in $STORAGE/kept/."
    fi
    if [ "$GEN_DELETE_DATA" = yes ] && { holds_files "$STORAGE/kept" || holds_files "$BACKUPS"; }; then
        say "  What was kept of it before stays: storage/kept/, backups/   (they are yours to remove)"
    fi
    set -- "$STATE"/project/track-*.*
    [ ! -e "$1" ] || say "  What was kept of earlier copies stays: .state/project/track-*   (they are yours to remove)"
    say "  What was installed or written in the sandbox outside the workspace goes with the container."
fi
say_running "  What runs in the sandbox will end: command"
[ "$GEN_PROJECT_METHOD" = none ] || say_waiting
if [ -z "$yes" ] && on_terminal && ! say_yes "Go on?"; then
    say "Nothing was changed."
    exit "$EX_REFUSED"
fi
end_commands
# shellcheck disable=SC2034 # lib/work.sh reads it
GOES_ON=yes
run_back
code=$?
# With the sandbox gone there may be nothing to take back any more.
if [ -s "$WORK" ] && ! take_back; then RESULT=residue code=$EX_RESIDUE; fi
say_kept
exit "$code"
