#!/usr/bin/env bash
# Says what there is of the sandbox on this host.
#
# usage: scripts/status.sh [--help]
#
# Exit codes: 0 the sandbox runs and is healthy; 1 it does not; 4 the engine does not answer.
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/journal.sh
. "$BUNDLE/lib/journal.sh"
trap 'last_line $?' EXIT
end_on_signals
help_or_refuse "$0" "$@"

row() { say "$(printf '  %-12s %s' "$1" "$2")"; }

need_sandbox "$EX_REFUSED"
line=$(sandbox_line)
state=none
! ours "$line" 3 || { word 2 "$line" && state=$WORD; }
[ "$state" != running ] || state="running, $(health)"
say "${BOLD}$GEN_NAME${PLAIN} (gen $GEN_VERSION)"
row sandbox "$state"
! renamed || row '' "$WHAT: ./rollback.sh undoes it"
if [ "$state" != none ] && ! is_current "$line"; then row '' "made from an older state of this bundle: scripts/start.sh makes it anew"; fi
[ "$GEN_BACKENDS" = docker ] || row isolation "${BACKEND:-none is chosen yet}"
while IFS= read -r line; do [ -z "$line" ] || row aside "$line"; done <<<"$(say_aside)"
word 1 "$(image_line "$GEN_IMAGE_REF")"
image=$WORD
row image "${image:-none} $GEN_IMAGE_REF"
if [ -f "$IMAGE" ]; then
    row workspace "$(human "$(file_bytes "$IMAGE")") large, $(human "$(allocated_bytes "$IMAGE")") on the disk: ${IMAGE#"$BUNDLE"/}"
    row attached "$(attached_device)"
else
    row workspace none
fi
if [ "$GEN_NETWORK_MODE" = none ]; then
    row network "none, as the profile says"
elif ours "$(network_line "$NETWORK")" 2; then
    row network "$NETWORK $(docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}' "$NETWORK")"
else
    row network none
fi
if ! open=$(journal_open_run); then
    row run "cannot be known: $JOURNAL cannot be read"
elif [ -n "$open" ]; then
    row run "the last run was interrupted: scripts/start.sh or ./rollback.sh brings it to an end"
fi
[ "$state" = 'running, healthy' ] || exit "$EX_FAILED"
