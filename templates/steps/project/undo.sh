#!/usr/bin/env bash
# Takes the copy away. A rollback of everything keeps what the agent did, unless it was told to delete it.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

leave_project
