#!/usr/bin/env bash
# Starts the sandbox: the container that is there, or a new one where the bundle has changed or none is.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
set -e

let_go
if [ "$BACKEND" = microvm ]; then
    echo "machine $(machine_state)" | write_durably "$GEN_PRIOR/was"
    start_machine
    exit
fi
line=$(container_line "$GEN_CONTAINER")
read -r _ state _ <<<"$line"
if [ -z "$line" ]; then
    create_container
else
    if is_current "$line"; then
        case $state in
        paused) docker unpause "$GEN_CONTAINER" ;;
        # It runs and is not healthy. After a pause the next look mends that; only one that stays so is restarted.
        running) healthy_within 45 || docker restart --time 10 "$GEN_CONTAINER" ;;
        *) docker start "$GEN_CONTAINER" ;;
        esac
    else
        echo "the bundle has changed, so the sandbox is made anew; the workspace stays"
        echo yes | write_durably "$GEN_PRIOR/replaced"
        docker stop --time 10 "$GEN_CONTAINER"
        docker rename "$GEN_CONTAINER" "$PRIOR_CONTAINER"
        create_container
    fi
fi
wait_healthy
