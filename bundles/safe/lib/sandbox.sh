# The sandbox's container. Sourced after docker.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it

# Where a container that a changed bundle replaces waits until the run has ended well.
PRIOR_CONTAINER=$GEN_CONTAINER-prior-$INSTANCE

# is_current LINE: whether a line of container_line is the container that this bundle, with its local additions, describes.
is_current() {
    ours "$1" 3 && [ "$(word 4 "$1")" = "$GEN_COMPOSE_PROJECT" ] && [ "$(word 5 "$1")" = "$(local_digest)" ]
}

health() { docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$GEN_CONTAINER"; }

# create_container: from compose.yaml; the volume and the network are there already.
create_container() { compose up --detach --no-build --pull never --quiet-pull sandbox; }

# wait_healthy: returns when the sandbox is healthy; says why it will not become so otherwise. The step's time limit bounds it.
wait_healthy() {
    local state
    while :; do
        state=$(docker inspect --format '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}' "$GEN_CONTAINER") || return 1
        case $state in
        'running healthy') return 0 ;;
        'running starting' | 'created '* | 'restarting '*) sleep 0.1 ;;
        *)
            echo "the sandbox is $state"
            docker inspect --format '{{if .State.Health}}{{range .State.Health.Log}}{{.Output}}{{end}}{{end}}{{.State.Error}}' "$GEN_CONTAINER"
            docker logs --tail 20 "$GEN_CONTAINER"
            return 1
            ;;
        esac
    done
}

# healthy_within SECONDS: whether the sandbox becomes healthy by itself in that time.
healthy_within() {
    local tries=0
    until [ "$(health)" = healthy ]; do
        tries=$((tries + 1))
        [ "$tries" -le $(($1 * 5)) ] || return 1
        sleep 0.2
    done
}
