#!/usr/bin/env bash
# Removes our network.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

remove_recorded network
