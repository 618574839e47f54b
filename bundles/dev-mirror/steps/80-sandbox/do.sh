#!/usr/bin/env bash
# Starts the sandbox: the container that is there, or a new one where the bundle has changed or none is.
set -u
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../../lib/docker.sh"
# shellcheck source=templates/lib/sandbox.sh
. "$BUNDLE/lib/sandbox.sh"
# shellcheck source=templates/lib/storage.sh
. "$BUNDLE/lib/storage.sh"
# shellcheck source=templates/lib/preflight.sh
. "$BUNDLE/lib/preflight.sh"
set -e

let_go
if [ "$BACKEND" = microvm ]; then
    # Undo goes by it: what cannot be known is not written down as none.
    was=$(machine_state)
    [ -n "$was" ]
    write_durably "$GEN_PRIOR/was" echo "machine $was"
    start_machine
    exit
fi
line=$(sandbox_line)
read -r id state _ <<<"$line"
if [ -z "$line" ]; then
    create_container
else
    if is_current "$line"; then
        case $state in
        # After a pause it is not healthy until the next look; only one that stays so is restarted.
        paused) docker unpause "$id" && { healthy_within 45 || docker restart --time 10 "$id"; } ;;
        running) healthy_within 45 || docker restart --time 10 "$id" ;;
        *) docker start "$id" ;;
        esac
    else
        # Step 20 moves another's aside; one that came since is not touched.
        ours "$line" 3 || { echo "the name $GEN_CONTAINER belongs to a container that is not ours" && exit 1; }
        echo "the bundle has changed, so the sandbox is made anew; the workspace stays"
        write_durably "$GEN_PRIOR/replaced" echo yes
        docker stop --time 10 "$id"
        docker rename "$id" "$PRIOR_CONTAINER"
        create_container
    fi
fi
wait_healthy
