#!/usr/bin/env bash
# Decides what is copied, and copies it or puts whiteouts in front of what is left out.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

enter_project
