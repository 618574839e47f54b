#!/usr/bin/env bash
# Pulls, loads or makes the base image.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"
# shellcheck source=templates/lib/mirror.sh
. "$BUNDLE/lib/mirror.sh"
# shellcheck source=templates/lib/base.sh
. "$BUNDLE/lib/base.sh"
# shellcheck source=templates/lib/archive.sh
. "$BUNDLE/lib/archive.sh"
set -eo pipefail

# What we bring is written down first: only that is ever taken away again, whatever the profile names later.
note_images
own base "$GEN_BASE_REF"
case $GEN_IMAGE_SOURCE in
registry) pull_base "$TOKEN" ;;
archive) load_archive "$TOKEN" ;;
mirror) make_from_mirror "$TOKEN" ;;
esac
