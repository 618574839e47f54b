# Podman's client in the place of Docker's. Sourced by docker.sh, last, where that is what the host has. It is used as root: each
# user has containers of their own there, and only root attaches the workspace's disk. There is no daemon, and no Compose.
# shellcheck shell=bash disable=SC2034,SC2329,SC2317 # what stands here is for those who source it

# With gVisor the system-call filter of the profile holds inside, and without a network it is given none.
GVISOR_FLAGS=(--runtime-flag oci-seccomp)
[ "$GEN_NETWORK_MODE" != none ] || GVISOR_FLAGS+=(--runtime-flag network=none)

# engine_words WORD...: sets WORDS: what is said as to Docker's client, in Podman's words.
engine_words() {
    WORDS=(podman)
    case "$1 ${2:-}" in
    'network ls') networks_words "$@" ;;
    run\ * | create\ *) run_words "$@" ;;
    start\ * | restart\ *)
        # The flags of a runtime are told each time it starts something.
        [ "$(command podman inspect --format '{{.OCIRuntime}}' "${@: -1}" 2>/dev/null)" != runsc ] || WORDS+=("${GVISOR_FLAGS[@]}")
        WORDS+=("$@")
        ;;
    ps\ * | images\ * | events\ * | inspect\ * | *' inspect' | *' ls') question_words "$@" ;;
    *) WORDS+=("$@") ;;
    esac
}

# question_words WORD...: fields that have other names, and names that begin without a slash.
question_words() {
    local word kind=$1
    for word; do
        word=${word//.Label \"/index .Labels \"}
        word=${word//.HostIp/.HostIP}
        word=${word//.Actor.Attributes.name/.Name} word=${word//.Actor.ID/.ID}
        word=${word//.HostConfig.Annotations/.Config.Annotations}
        word=${word//.HostConfig.Runtime/.OCIRuntime}
        word=${word//.IPAM.Config/.Subnets}
        # In a list it is a sentence: "Up 3 minutes".
        [ "$kind" != ps ] || word=${word//'{{.State}}'/'{{.ListContainer.State}}'}
        WORDS+=("${word/#name=^\//name=^}")
    done
}

# networks_words ls [OPTION...]: its list knows no single label, so each network is asked.
networks_words() {
    local format='' options=()
    shift 2
    while [ $# -gt 0 ]; do
        case $1 in
        --format) format=${2//.Label \"/index .Labels \"} && shift ;;
        --no-trunc) ;;
        *) options+=("$1") ;;
        esac
        shift
    done
    [ -n "$format" ] || { WORDS+=(network ls ${options[@]+"${options[@]}"}) && return; }
    # shellcheck disable=SC2016 # that shell expands it
    WORDS=(sh -c 'format=$1 && shift && names=$(podman network ls --quiet "$@") || exit
        [ -z "$names" ] || podman network inspect --format "$format" $names' networks "$format" ${options[@]+"${options[@]}"})
}

# run_words WORD...: the runtime is told to the client itself.
run_words() {
    local rest=()
    while [ $# -gt 0 ]; do
        if [ "$1" = --runtime ]; then
            WORDS+=(--runtime "$2" "${GVISOR_FLAGS[@]}")
            shift
        else
            rest+=("$1")
        fi
        shift
    done
    WORDS+=("${rest[@]}")
}

engine_answers() {
    SAID='each user has containers of their own, and only root attaches the disk of the workspace'
    [ "$EUID" -eq 0 ] || return 1
    SAID=$(docker info --format '{{.Version.Version}}' 2>&1 >/dev/null)
}

engine_trouble() {
    WHAT="Podman gives no answer" MEND="podman info   (and see what it says)"
    have podman || MEND="sudo apt-get install podman"
    [ "$EUID" -eq 0 ] || WHAT="Podman is used as root here" MEND="sudo $(quoted "$0")"
    SAID=${SAID##*$'\n'}
}

# There is no daemon that has a number: it is known by where it keeps its containers, and on which machine.
engine_identity() { docker info --format '{{.Store.GraphRoot}}@{{.Host.Hostname}}|' 2>/dev/null; }
engine_place() { echo "Podman${CONTAINER_HOST:+ at $CONTAINER_HOST}"; }
engine_back() { echo "unset CONTAINER_HOST CONTAINER_CONNECTION CONTAINERS_STORAGE_CONF; podman info   (see graphRoot)"; }

OWN_NAMESPACES='0 privateprivate shareable'

# Each program of that name is a runtime.
RUNSC_INSTALLED="sudo apt-get install runsc"
RUNSC_TOLD="grep -A 5 runsc /usr/share/containers/containers.conf /etc/containers/containers.conf   (then change it in the latter)"
has_runsc() { have runsc; }

# What preflight asks, in the order in which it reads the answers.
ENGINE_FACTS='{{.Host.OS}}|{{.Version.Version}}|{{.Host.CPUs}}|{{.Host.MemTotal}}|{{if .Host.ServiceIsRemote}}remote{{end}}'

# client_problems FACTS...: what stands in the way of this client: too old a version, or what only Docker's can do.
client_problems() {
    old_problem "Podman" "$1" "$GEN_MINIMUM_PODMAN" "sudo apt-get install podman"
    [ "$2" != remote ] || problem "Podman's containers are not on this machine" "unset CONTAINER_HOST CONTAINER_CONNECTION"
    [ ! -e "$LOCAL/compose.override.yaml" ] || problem "local/compose.override.yaml is for Compose, which Podman's client has not" \
        "mv $(quoted "$LOCAL/compose.override.yaml") $(quoted "$LOCAL/compose.override.yaml.off")"
    # It takes a value as it stands; Compose would take quotes away and put variables in.
    ! grep -qsE '^[^#=]*=("|'\''|.*\$|.*[[:space:]]#)' "$LOCAL/env" || problem "local/env has a value in quotes, with a variable or with a comment, and Podman takes each as it stands" \
        "nano $(quoted "$LOCAL/env")   (NAME=value, and nothing else)"
}

# untag NAME TOKEN: it has a word for that.
untag() { docker untag "$1" "$1"; }

# look_at_health: nothing looks by itself without systemd, and with it too seldom.
look_at_health() { docker healthcheck run "$(sandbox_id)" >/dev/null 2>&1 || :; }

# up_words: sets UP, the words that start the container as compose.yaml describes it: config/podman.options has the same, a word
# a line.
up_words() {
    local word marked options
    marked=$(additions) || return 1
    options=(--name "$GEN_CONTAINER" --label "gen.instance=$INSTANCE" --label "gen.local=$marked" --annotation "gen.token=$TOKEN")
    # Compose's label of that name says the same of Docker's.
    options+=(--label "com.docker.compose.project.working_dir=$BUNDLE" --mount "type=volume,source=$VOLUME,target=$GEN_STORAGE_PATH")
    [ "$GEN_NETWORK_MODE" = none ] || options+=(--network "$NETWORK")
    [ "$BACKEND" != gvisor ] || options+=(--runtime runsc)
    while IFS= read -r word; do options+=("$word"); done <"$BUNDLE/config/podman.options"
    [ ! -e "$LOCAL/env" ] || options+=(--env-file "$LOCAL/env")
    UP=(run --detach "${options[@]}" "$GEN_IMAGE_REF")
}

# up: starts it. The options name files of the bundle.
up() {
    up_words || return 1
    (cd "$BUNDLE" && docker "${UP[@]}")
}

# engine_differences: how the container differs from the one that this bundle describes. Podman writes down with which words each
# was made: those are compared, and what can be changed afterwards.
engine_differences() {
    local said networks TOKEN
    TOKEN=$(owned_lines | awk -v name="$GEN_CONTAINER" '$1 == "container" && $4 == name { token = $2 } END { print token }')
    up_words
    engine_words "${UP[@]}"
    said=$(docker inspect --type container "$(sandbox_id)" | json_leaves) && [ -n "$said" ] || return 1
    # The first word is where the client lies.
    { json_strings_each "${WORDS[@]:1}" | sed 's/^/rule /'; printf '%s\n' "$said" | sed -n 's/^\[\][.]Config[.]CreateCommand\[\] /said /p' | sed 1d; } | awk '
        { word = substr($0, 6); count[word] += $1 == "said" ? 1 : -1 }
        END { for (word in count) if (count[word]) print (count[word] > 0 ? "the container was made with " : "the container was made without ") word }' | sort
    networks=$(printf '%s\n' "$said" | sed -n 's/^\[\][.]NetworkSettings[.]Networks[.]\([^. ]*\)[. ].*/\1/p' | sort -u | grep -vxF -e "$NETWORK" -e '{}' -e none)
    [ -z "$networks" ] || echo "the container is on the network $networks"
}

# A build has a container of its own, which bears no label: it is known by the name of the image that it begins with. What it
# keeps meanwhile lies in a folder of ours.
BUILD_BASE=gen-build-$INSTANCE BUILD_WORK=$STATE/build-work

build() {
    local codes
    end_build && mkdir -p "$BUILD_WORK" && docker tag "$GEN_BASE_REF" "$BUILD_BASE:base" || return 1
    # Without layers nothing is kept that no name leads to.
    TMPDIR=$BUILD_WORK docker build --layers=false --format docker --from "$BUILD_BASE:base" --pull=never "$@" 2>&1 | last_is_own
    codes=("${PIPESTATUS[@]}")
    end_build && return "${codes[0]}"
}

end_build() {
    local file pid ids id
    for file in "$BUILD_WORK"/buildah*/pid; do
        [ -s "$file" ] || continue
        whole "$(<"$file")" 10 || continue
        pid=$NUMBER
        # The number may be another process's by now: ours has a file of that folder mounted.
        while grep -qsF "/$(basename "${file%/pid}")/" "/proc/$pid/mountinfo"; do
            kill -KILL "$pid" 2>/dev/null
            sleep 0.1
        done
    done
    ids=$(docker ps --all --external --quiet --filter "name=^$BUILD_BASE-working-container") || return 1
    for id in $ids; do docker rm --force "$id" >/dev/null || return 1; done
    ids=$(docker images --quiet "$BUILD_BASE:base") || return 1
    [ -z "$ids" ] || docker rmi --no-prune "$BUILD_BASE:base" >/dev/null || return 1
    rm -rf --one-file-system "$BUILD_WORK"
}
