# The sandbox's container. Sourced after docker.sh.
# shellcheck shell=bash disable=SC2034,SC2153 # what stands here is for those who source it

# Where a container that a changed bundle replaces waits until the run has ended well.
PRIOR_CONTAINER=$GEN_CONTAINER-prior-$INSTANCE

# is_current LINE: whether a line of container_line is the container that this bundle, with its local additions, describes.
is_current() {
    ours "$1" 3 && has_word 4 "$1" "$GEN_COMPOSE_PROJECT" && has_word 5 "$1" "$(additions)"
}

# additions: what decides about the container besides the profile: the user's own changes, and the backend chosen here.
additions() {
    local digest
    digest=$(local_digest) && [ -n "$digest" ] || return 1
    case $BACKEND in docker) echo "$digest" ;; *) echo "$digest-$BACKEND" ;; esac
}

# compose ARG...: Compose on this bundle's file, the user's own additions included. Compose takes a container of the same
# project for an older state of the new one, and starts or replaces it, be it an older one of ours or one that somebody made from
# our container and that bears its labels; so each container is a project of its own, under a name that none bears yet.
compose() {
    local runtime marked
    case $BACKEND in
    docker) runtime='' ;; # the engine's own choice
    gvisor) runtime=runsc ;;
    *) echo "Compose does not start what isolates this sandbox: ${BACKEND:-nothing is chosen}" && return 1 ;;
    esac
    marked=$(additions) || return 1
    GEN_INSTANCE=$INSTANCE GEN_TOKEN=$TOKEN GEN_LOCAL=$marked GEN_VOLUME_NAME=$VOLUME GEN_NETWORK_NAME=$NETWORK GEN_RUNTIME=$runtime \
        composed "$GEN_COMPOSE_PROJECT-$TOKEN" added "$@"
}

# additions_hold: whether what the user adds may be started, and is what was approved: since the start looked, an image was built.
additions_hold() {
    local found
    found=$(additions_problems)
    [ -z "$found" ] || { printf '%s\n' "$found" && return 1; }
    [ -z "${GEN_APPROVED_LOCAL:-}" ] || [ "$(local_digest)" = "$GEN_APPROVED_LOCAL" ] || { echo "what is in local/ has changed since the plan was approved" && return 1; }
}

health() {
    [ "$BACKEND" != microvm ] || { [ -z "$(healthy_line)" ] || echo healthy; return; }
    look_at_health
    docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$(sandbox_id)"
}

# create_container: as the bundle describes it; the volume and the network are there already.
create_container() {
    local id image token
    additions_hold || return 1
    own container "$GEN_CONTAINER" || return 1
    if [ "$ENGINE" = podman ]; then up; else compose up --detach --no-build --pull never --quiet-pull --no-deps sandbox; fi || return 1
    read -r id image token < <(docker container inspect --format '{{.Id}} {{.Image}} {{index .HostConfig.Annotations "gen.token"}}' "$GEN_CONTAINER")
    [ "$token" = "$TOKEN" ] || { echo "the container $GEN_CONTAINER is not the one that was made just now" && return 1; }
    recorded image "$image" || { echo "the image $GEN_IMAGE_REF is not the one that was built, so its container is not used" && return 1; }
    owned "$TOKEN" "$id"
}

# wait_healthy: returns when the sandbox is healthy; says why it will not become so otherwise. The step's time limit bounds it.
wait_healthy() {
    local state
    while :; do
        look_at_health
        state=$(docker inspect --format '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}' "$(sandbox_id)") || return 1
        case $state in
        'running healthy') return 0 ;;
        'running starting' | 'created '* | 'restarting '*) sleep 0.1 ;;
        *)
            {
                docker inspect --format '{{if .State.Health}}{{range .State.Health.Log}}{{.Output}}{{end}}{{end}}{{.State.Error}}' "$(sandbox_id)"
                docker logs --tail 20 "$(sandbox_id)"
            } 2>&1 | tail -c 16384 | others container
            echo "the sandbox is $state"
            return 1
            ;;
        esac
    done
}

# healthy_within SECONDS: whether the sandbox becomes healthy by itself in that time.
healthy_within() {
    local tries=0 most
    whole "$1" || return 1
    most=$((NUMBER * 5))
    until [ "$(health)" = healthy ]; do
        tries=$((tries + 1))
        [ "$tries" -le "$most" ] || return 1
        sleep 0.2
    done
}
