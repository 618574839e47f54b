#!/usr/bin/env bash
# Holds when our network exists, with a subnet: the one that the profile names, if it names one.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"

! no_disk_needed || exit "$HOLDS"
! foreseeing || foresee_name network "$GEN_NETWORK"
line=$(network_line "$NETWORK") || unknown "the engine does not list its networks"
ours "$line" 2 || needed_without_machine
[ -z "${GEN_UNDO:-}" ] || exit "$HOLDS"
subnets=$(docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' "$NETWORK") || unknown "the engine does not say what the network is"
case " $subnets" in
*" $GEN_SUBNET "*) ;;
*/*) [ "$GEN_SUBNET" = auto ] || { problem "our network has another subnet than the profile says, $GEN_SUBNET" "./rollback.sh   (it keeps the workspace; then start again)" owner; exit "$UNKNOWN"; } ;;
*) problem "our network $NETWORK has no subnet" "./rollback.sh   (it keeps the workspace; then start again)" owner; exit "$UNKNOWN" ;;
esac
