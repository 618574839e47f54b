#!/usr/bin/env bash
# Takes the base image away again. Only a run that brought it calls this; an image that others use now stays, and is named.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"

image_is_there "$GEN_BASE_REF" || exit 0
# Without --force: the engine itself refuses to take an image from a container that uses it.
docker rmi "$GEN_BASE_REF"
