# Which client of an engine is used, and how it is asked. Sourced by docker.sh.
# shellcheck shell=bash disable=SC2034 # what stands here is for those who source it

# A daemon that hangs must not hang us. What asks is answered soon or never; what makes or moves something takes its while.
QUESTION_SECONDS=20 CHANGE_SECONDS=120

# ENGINE: the client that is used, docker or podman: the one that this bundle has used before, else what GEN_CLIENT says, else
# Docker's where there is one.
choose_client() {
    local docker head=''
    ENGINE=''
    [ ! -s "$STATE/names/client" ] || read -r ENGINE <"$STATE/names/client"
    [ -n "$ENGINE" ] || ENGINE=${GEN_CLIENT:-}
    case $ENGINE in
    docker | podman) return ;;
    ?*) fail "$EX_USAGE" "there is no such client of an engine: $ENGINE" "it is docker or podman" "unset GEN_CLIENT" ;;
    esac
    ENGINE=docker
    have podman || return 0
    docker=$(type -P docker) || { ENGINE=podman && return; }
    # Where Docker is not, some distributions give Podman's client its name: by a script or a link.
    if [ -L "$docker" ]; then
        case $(readlink -f "$docker") in */podman) ENGINE=podman ;; esac
    fi
    IFS= read -r -n 2 head <"$docker" 2>/dev/null
    if [ "$head" = '#!' ] && grep -q podman "$docker"; then ENGINE=podman; fi
}
choose_client

# engine_words WORD...: sets WORDS, the program and its words for what is said here as to Docker's client.
engine_words() { WORDS=(docker "$@"); }

# docker WORD...: the engine's client, with a limit of time. What builds, fetches or runs a program has the limit of its step,
# or RUN_SECONDS where somebody has set that.
docker() {
    local limit=$CHANGE_SECONDS code=0 WORDS
    engine_words "$@"
    case "$1 ${2:-}" in
    'run '* | 'exec '* | 'compose '* | 'build '* | 'pull '* | 'load '* | 'import '* | 'save '*)
        [ -n "${RUN_SECONDS:-}" ] || { complaints_shown command "${WORDS[@]}"; return; }
        limit=$RUN_SECONDS
        ;;
    'ps '* | 'images '* | 'inspect '* | 'info '* | 'version '* | 'context '* | 'history '* | 'logs '* | 'events '* | 'healthcheck '* | *' ls' | *' inspect') limit=$QUESTION_SECONDS ;;
    esac
    complaints_shown with_limit "$limit" "${WORDS[@]}" || code=$?
    [ "$code" -ne 124 ] || echo "the engine did not answer within $limit seconds: $ENGINE $1 $2" >&2
    return "$code"
}

# complaints_shown COMMAND...: runs it. What it says on standard error may be a stranger's words, or the sandbox's, so that it is
# written out before a person sees it, and its end is enough. A step's goes into a log as it comes, where that is done, and a check's
# to whoever runs it (GEN_HEARD).
complaints_shown() {
    local said code=0
    [ -z "${GEN_RUN:-}${GEN_HEARD:-}" ] || { "$@"; return; }
    { said=$(set -o pipefail && "$@" 2>&1 1>&4 4>&- | its_end 4>&-) || code=$?; } 4>&1
    [ -z "$said" ] || printable <<<"$said" >&2
    return "$code"
}

# its_end: the end of standard input. Most often there is none, and then no program is needed to find it.
its_end() {
    local said
    ! IFS= read -r -d '' -n 4096 said || { { printf '%s' "$said" && cat; } | tail -c "$HEARD_BYTES" && return; }
    printf '%s' "$said"
}

# What decides about what Compose makes and a build gives, without being seen: where somebody has set it for their own work, it
# is not meant for ours.
# shellcheck disable=SC2086 # one word a name
unset ${!COMPOSE_@} ${!BUILDX_@} ${!BUILDKIT_@} DOCKER_DEFAULT_PLATFORM

# engine_identity: "IDENTITY|CONTEXT" of the engine that answers here. An engine is known by its own number and by where its data are:
# a copy of them has the same number. It is empty where the engine is silent; CONTEXT is the client's name for where it is.
engine_identity() { docker info --format '{{with .ID}}{{.}}@{{end}}{{.DockerRootDir}}|{{.ClientInfo.Context}}' 2>/dev/null; }

# engine_place: where the client looks for its engine, and engine_back PLACE: what makes it look there again.
engine_place() { if [ -n "${DOCKER_HOST:-}" ]; then echo "DOCKER_HOST=$DOCKER_HOST"; else echo "DOCKER_CONTEXT=${DOCKER_CONTEXT:-$(docker context show 2>/dev/null)}"; fi; }
engine_back() {
    case $1 in
    DOCKER_HOST=*) echo "export DOCKER_HOST=$(quoted "${1#*=}")" ;;
    *) echo "unset DOCKER_HOST; export DOCKER_CONTEXT=$(quoted "${1#*=}")" ;;
    esac
}

# What its settings say of a container without devices that has process numbers, names and shared memory of its own.
OWN_NAMESPACES='0  private'

# What makes gVisor's runtime known to the engine, and what shows and changes what that is told.
RUNSC_INSTALLED="sudo apt-get install runsc; sudo runsc install; sudo systemctl reload docker"
RUNSC_TOLD="docker info --format '{{json .Runtimes.runsc}}'   (then change it in /etc/docker/daemon.json)"

# has_runsc: whether the engine knows gVisor's runtime.
has_runsc() {
    local runtimes
    runtimes=$(docker info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}' 2>/dev/null)
    case " $runtimes" in *' runsc '*) ;; *) return 1 ;; esac
}

# What preflight asks, in the order in which it reads the answers.
ENGINE_FACTS='{{.OSType}}|{{.ServerVersion}}|{{.NCPU}}|{{.MemTotal}}|{{range .SecurityOptions}}{{.}} {{end}}|{{range .ClientInfo.Plugins}}{{.Name}}={{.Version}} {{end}}|{{range .ServerErrors}}{{.}} {{end}}'

# plugin NAME LIST: the version of a plugin of the client, from "name=version" words; empty when it is not there.
plugin() { printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

# client_problems VERSION SECURITY PLUGINS: what stands in the way of this client: too old a version, or an engine elsewhere.
client_problems() {
    local endpoint
    old_problem "the engine" "$1" "$GEN_MINIMUM_DOCKER" "sudo apt-get install docker.io   (or docker-ce)"
    old_problem "Compose" "$(plugin compose "$3")" "$GEN_MINIMUM_COMPOSE" "sudo apt-get install docker-compose   (or docker-compose-v2, docker-compose-plugin)"
    old_problem "Buildx" "$(plugin buildx "$3")" "$GEN_MINIMUM_BUILDX" "sudo apt-get install docker-buildx   (or docker-buildx-plugin)"
    case $2 in *rootless*) problem "the engine is rootless, and so cannot attach a loop device" "docker context use default" ;; esac
    endpoint=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)}
    case $endpoint in
    unix://* | '') ;;
    *) problem "the engine is not on this machine ($endpoint): the workspace's image is attached to a loop device here" "unset DOCKER_HOST" ;;
    esac
}
