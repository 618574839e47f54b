#!/usr/bin/env bash
# A Docker daemon of one's own beside the host's: start FOLDER [IMAGE...] | kill FOLDER | stop FOLDER. See --help.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"
# shellcheck source=tools/engine-packages.sh
. "$here/engine-packages.sh"

# Both are asked: the host's by default, ours by name. What a caller says about its clients' threads is not meant for the daemon.
unset DOCKER_HOST DOCKER_CONTEXT GOMAXPROCS
START_SECONDS=60
# A socket's path has room for 104 characters with containerd; the longest below the folder is run/containerd/containerd-debug.sock.
LONGEST_FOLDER=67
NET_IMAGE=${GEN_NET_IMAGE:-gen-test-base:packages}

usage() {
    cat <<'TEXT'
usage: tools/private-engine.sh start FOLDER [IMAGE...] | kill FOLDER | stop FOLDER

  start   starts a daemon whose socket, data and network are its own, all under FOLDER, and copies the
          IMAGEs of the host's engine into it. Prints the value for DOCKER_HOST. One that was killed is
          started again on the same data. A new one begins with the data of GEN_ENGINE_SEED, the folder
          of one that was stopped, which is quicker than to copy an image. It has gVisor's runtime where
          runsc is installed (GEN_RUNSC: another path, or empty for none).
  kill    SIGKILL for that daemon and its containerd, as a crash; its data stay
  stop    ends it and takes its network away; FOLDER stays

Its network is that of a small container of the host's engine (GEN_NET_IMAGE, gen-test-base:packages),
since a second daemon in the host's own network would take the first one's bridge away.
Needs root. Exit codes: 0 done, 1 not done, 2 wrong usage.
TEXT
}

socket() { printf 'unix://%s/docker.sock' "$folder"; }
answers() { bounded 5 docker --host "$(socket)" info >/dev/null 2>&1; }
net_name() { printf 'gen-net-%s' "$(printf '%s' "$folder" | cksum | cut -d ' ' -f 1)"; }

# daemon_pids: of the daemon and the containerd that it started, known by this folder on their command line.
daemon_pids() {
    local program
    for program in dockerd containerd; do
        pgrep --full "^([^ ]*/)?$program .*$folder/" || :
    done
}

# net_process: the process whose network the daemon shares; its container is made when it is not there.
net_process() {
    local name
    name=$(net_name)
    docker inspect "$name" >/dev/null 2>&1 ||
        docker run --detach --init --name "$name" --label gen.role=test-network "$NET_IMAGE" sleep infinity >/dev/null
    docker start "$name" >/dev/null
    docker inspect --format '{{.State.Pid}}' "$name"
}

# launch: a daemon in a network of its own.
launch() {
    local number net
    [ ${#folder} -le "$LONGEST_FOLDER" ] || {
        err "no private daemon can have its sockets in $folder" "a socket's path is at most 104 characters long" \
            "take a folder with a name of at most $LONGEST_FOLDER characters"
        return 1
    }
    net=$(net_process)
    number=$(($(printf '%s' "$folder" | cksum | cut -d ' ' -f 1) % 100))
    rm -f "$folder/docker.pid"
    daemon_config >"$folder/daemon.json"
    setsid nsenter "--net=/proc/$net/ns/net" dockerd --data-root "$folder/data" --exec-root "$folder/run" \
        --config-file "$folder/daemon.json" --pidfile "$folder/docker.pid" --host "$(socket)" --bip "10.$((100 + number)).0.1/24" \
        --default-address-pool "base=10.$((100 + number)).128.0/17,size=24" </dev/null >>"$folder/dockerd.log" 2>&1 &
    SECONDS=0
    until answers; do
        if ! kill -0 $! 2>/dev/null || [ "$SECONDS" -ge "$START_SECONDS" ]; then
            err "the private daemon did not come up" "$(tail -n 1 "$folder/dockerd.log")" "read $folder/dockerd.log"
            return 1
        fi
        sleep 0.2
    done
}

start() {
    local image
    [ -e "$folder/data" ] || [ -z "${GEN_ENGINE_SEED:-}" ] || cp -a "$GEN_ENGINE_SEED/data" "$folder/"
    mkdir -p "$folder/data" "$folder/run"
    answers || launch
    for image in "$@"; do
        [ -n "$(docker --host "$(socket)" images --quiet "$image")" ] ||
            docker save "$image" | docker --host "$(socket)" load --quiet >/dev/null
    done
    socket
    echo
}

# end_daemon SIGNAL: sends it and waits until nothing of it is left.
end_daemon() {
    local pids waited=0
    pids=$(daemon_pids)
    # shellcheck disable=SC2086 # one word a process
    [ -z "$pids" ] || kill "-$1" $pids 2>/dev/null || :
    while [ -n "$(daemon_pids)" ]; do
        [ "$waited" -lt 300 ] || {
            err "the private daemon did not end" "it got SIG$1" "kill -KILL $(daemon_pids | tr '\n' ' ')"
            return 1
        }
        sleep 0.1
        waited=$((waited + 1))
    done
}

stop() {
    local point
    end_daemon TERM
    # A daemon that was killed once leaves mounts behind.
    awk -v own="$folder/" 'index($5, own) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r point; do
        umount "$point" || :
    done
    docker rm --force "$(net_name)" >/dev/null 2>&1 || :
}

[ $# -ge 2 ] || { usage && [ "${1:-}" = --help ] && exit 0; exit 2; }
mkdir -p "$2"
folder=$(cd "$2" && pwd -P)
case $1 in
    start) start "${@:3}" ;;
    kill) end_daemon KILL ;;
    stop) stop ;;
    *) usage >&2 && exit 2 ;;
esac
