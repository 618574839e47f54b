#!/usr/bin/env bash
# Removes our network.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

line=$(network_line "$NETWORK") || exit 1
! ours "$line" 2 || docker network rm "$NETWORK" || exit 1
forget_name network
