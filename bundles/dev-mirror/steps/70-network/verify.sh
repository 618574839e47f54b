#!/usr/bin/env bash
# Holds when our network exists.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

! no_disk_needed || exit "$HOLDS"
! foreseeing || foresee_name network "$GEN_NETWORK"
line=$(network_line "$NETWORK") || unknown "the engine does not list its networks"
ours "$line" 2 || needed_without_machine
