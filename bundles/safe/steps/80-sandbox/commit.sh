#!/usr/bin/env bash
# The run has ended well: the container that the new one replaced is not needed any more.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"

[ ! -e "$GEN_PRIOR/replaced" ] || remove_ours "$PRIOR_CONTAINER"
