#!/usr/bin/env bash
# Says what there is of the sandbox on this host.
#
# usage: scripts/status.sh [--help]
#
# Exit codes: 0 the sandbox runs and is healthy; 1 it does not; 4 the engine does not answer, or is another
#             one than the sandbox's. With 1 the last line says which: result=stopped: it is stopped and kept, and scripts/start.sh goes on with it; result=none: there is no sandbox here
#             (any more); result=failed: it stands, and something is wrong with it.
# shellcheck source=templates/lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=templates/lib/docker.sh
. "$BUNDLE/lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/images.sh
. "$BUNDLE/lib/images.sh"
# shellcheck source=templates/lib/journal.sh
. "$BUNDLE/lib/journal.sh"
# shellcheck source=templates/lib/lock.sh
. "$BUNDLE/lib/lock.sh"
# shellcheck source=templates/lib/commands.sh
. "$BUNDLE/lib/commands.sh"
# shellcheck source=templates/lib/work.sh
. "$BUNDLE/lib/work.sh"
# shellcheck source=templates/lib/project.sh
[ "$GEN_PROJECT_METHOD" = none ] || . "$BUNDLE/lib/project.sh"
trap 'last_line $?' EXIT
end_on_signals
help_or_refuse "$0" "$@"

# run_row RUN: whether the last run is still at work, or was interrupted, and what ends it then.
run_row() {
    local owner
    owner=$(lock_owner)
    if [ -n "$owner" ] && process_lives "$owner"; then
        row run "$1 is at work (process ${owner%%:*}): wait for it"
    else
        row run "$1 was interrupted: scripts/recover.sh undoes what it began (so does the next start or rollback)"
    fi
    row '' "what it did: gen log --run $1, or $(quoted "$STATE/logs/$1")"
}

# commands_rows: the commands that run in it, and what was begun and nobody waits for any more.
commands_rows() {
    local number title=commands
    for number in $(command_numbers); do
        [ ! -e "$COMMANDS/$number/ended" ] && command_is "$number" && [ "$LIVES" != ended ] || continue
        command_words "$number" && command_state
        row "$title" "$number, $SHOWN_STATE since $BEGAN: $COMMAND_LINE   (scripts/kill.sh $number)"
        title=''
    done
}

# copy_rows: how the copy is made, and whether anything in it waits to be reviewed.
copy_rows() {
    local key value
    if [ ! -s "$PROJECT/settings.json" ]; then
        row copy "none yet"
        return
    fi
    project status 2>/dev/null | while IFS= read -r line; do
        key=${line%%: *} value=${line#*: }
        case $key in project | method | waiting | closed | "left out") row "$key" "$value" ;; esac
    done
    if project_went "$(copied project)"; then row '' "$WHAT" && row '' "$MEND"; fi
}

row() { say "$(printf '  %-12s %s' "$1" "$2")"; }

need_sandbox "$EX_REFUSED"
[ "$BACKEND" = microvm ] || engine_check
line=$(sandbox_line)
state=none
! ours "$line" 3 || { word 2 "$line" && state=$WORD; }
[ "$state" != running ] || state="running, $(health)"
say "${BOLD}$GEN_NAME${PLAIN} (gen $GEN_VERSION)"
# What is named below is called from there.
[ "$PWD" -ef "$BUNDLE" ] || row in "$(quoted "$BUNDLE")"
case $state in
none) row sandbox "none: scripts/start.sh makes it" ;;
exited | created) row sandbox "stopped, kept: scripts/start.sh goes on with it" ;;
*) row sandbox "$state" ;;
esac
# While a command is ended it is frozen for moments; for longer only where that was killed.
[ ! -e "$FROZEN" ] || row '' "held still, to end a command; where nobody does that any more, scripts/start.sh has it go on"
wrong=''
if renamed; then wrong=yes && row '' "$WHAT: ./rollback.sh undoes it"; fi
if [ "$BACKEND" != microvm ] && called_otherwise; then row '' "$WHAT: a start wants $MEND"; fi
if [ "$state" != none ] && ! is_current "$line"; then row '' "made from an older state of this bundle: scripts/start.sh makes it anew"; fi
[ "$GEN_BACKENDS" = docker ] || row isolation "${BACKEND:-none is chosen yet}"
while IFS= read -r line; do [ -z "$line" ] || row aside "$line"; done <<<"$(say_aside)"
word 1 "$(image_line "$GEN_IMAGE_REF")"
image=$WORD
row image "${image:-none} $GEN_IMAGE_REF"
old=$(old_images 2>/dev/null | told_images)
[ -z "$old" ] || row 'old images' "$old: scripts/prune.sh"
lost=''
if elsewhere; then lost=yes wrong=yes && row '' "$WHAT: $WHY" && row '' "$MEND"; fi
if [ -f "$IMAGE" ]; then
    row workspace "$(human "$(file_bytes "$IMAGE")") large, $(human "$(allocated_bytes "$IMAGE")") on the disk: ${IMAGE#"$BUNDLE"/}"
    if other_size; then row '' "$WHAT: $MEND"; fi
    row attached "$(attached_device)"
else
    row workspace none
fi
[ "$GEN_PROJECT_METHOD" = none ] || copy_rows
if [ "$GEN_NETWORK_MODE" = none ]; then
    row network "none, as the profile says"
elif ours "$(network_line "$NETWORK")" 2; then
    row network "$NETWORK $(docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}' "$NETWORK")"
else
    row network none
fi
[ -z "$GEN_PORTS" ] || row ports "$GEN_PORTS (in the sandbox, listen on 0.0.0.0: what listens on 127.0.0.1 there is not reached)"
commands_rows
if [ -z "$(lock_owner)" ] || ! process_lives "$(lock_owner)"; then
    while IFS= read -r line; do [ -z "$line" ] || { wrong=yes && row 'cut off' "$line: scripts/recover.sh"; }; done <<<"$(work_left)"
fi
if ! open=$(journal_open_run); then
    row run "cannot be known: $JOURNAL cannot be read"
elif [ -n "$open" ]; then
    wrong=yes
    run_row "$open"
    for step in $(journal_steps_of "$open"); do row '' "begun, and not undone: $step"; done
fi
[ "$state$lost" != 'running, healthy' ] || exit "$EX_DONE"
# Nothing has failed where somebody stopped it, or took it away.
# shellcheck disable=SC2034 # last_line prints it
case $wrong$state in exited | created) RESULT=stopped ;; none) RESULT=none ;; esac
exit "$EX_FAILED"
