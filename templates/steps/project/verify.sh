#!/usr/bin/env bash
# Holds when the copy of the project that is named is whole.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/project.sh
. "$BUNDLE/lib/project.sh"

project_is_copied || exit "$HOLDS_NOT"
