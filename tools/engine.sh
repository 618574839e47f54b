#!/usr/bin/env bash
# Sees to a container engine: status | ensure [--no-install] | stop. See --help.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"
# shellcheck source=tools/engine-packages.sh
. "$here/engine-packages.sh"

RUN_DIR=${GEN_ENGINE_RUN:-/run/gen-engine}
PID_FILE=$RUN_DIR/dockerd.pid
LOG_FILE=$RUN_DIR/dockerd.log
# A configuration that somebody has made is used as it is.
CONFIG_FILE=/etc/docker/daemon.json
[ -e "$CONFIG_FILE" ] || CONFIG_FILE=$RUN_DIR/daemon.json
START_SECONDS=60
# compose.yaml uses healthcheck.start_interval (engine) and env_file.required (compose).
ENGINE_MIN=25
COMPOSE_MIN=2.24

usage() {
    cat <<'TEXT'
usage: tools/engine.sh status | ensure [--no-install] | stop

  status   says which engine answers, with Compose v2 and buildx; exit 1 when something is missing
  ensure   uses the engine that answers; otherwise starts an installed one. As root on Debian and
           Ubuntu it installs what is missing first (not with --no-install), gVisor too. Nothing
           that is installed already is upgraded or removed. A daemon that it starts by hand knows
           gVisor's runtime.
  stop     stops the daemon that `ensure` started by hand, and no other

Environment: GEN_ENGINE_RUN (folder for the log and pid file, /run/gen-engine),
GEN_DOCKERD_ARGS (more words for a daemon started by hand, such as --data-root=/srv/docker).
Exit codes: 0 the engine is there, 1 it is not, 2 wrong usage.
TEXT
}

answers() { have docker && bounded 20 docker info >/dev/null 2>&1; }

# at_least HAVE WANT: dotted versions.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# why_silent: what the client says, in one line.
why_silent() {
    have docker || {
        printf 'there is no docker command'
        return 0
    }
    bounded 20 docker info 2>&1 >/dev/null | tail -n 1
}

status() {
    local engine compose buildx
    if ! answers; then
        printf 'engine: none answers (%s)\n' "$(why_silent)"
        return 1
    fi
    engine=$(docker version --format '{{.Server.Version}}')
    compose=$(docker compose version --short 2>/dev/null) || compose=
    buildx=$(docker buildx version 2>/dev/null | cut -d ' ' -f 2) || buildx=
    printf 'engine: Docker %s, compose %s, buildx %s\n' "$engine" "${compose:-missing}" "${buildx:-missing}"
    at_least "$engine" "$ENGINE_MIN" || {
        err "Docker Engine $engine is too old" "bundles need $ENGINE_MIN or newer" "upgrade Docker Engine"
        return 1
    }
    [ -n "$compose" ] && [ -n "$buildx" ] || return 1
    at_least "${compose#v}" "$COMPOSE_MIN" || {
        err "Compose $compose is too old" "bundles need $COMPOSE_MIN or newer" "upgrade the Compose plugin"
        return 1
    }
    printf 'gVisor: %s\n' "$(gvisor_state)"
}

# gvisor_state: whether sandboxes can be isolated by it; nothing fails without it.
gvisor_state() {
    local runtimes
    runtimes=$(docker info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}')
    case " $runtimes" in
        *' runsc '*) printf 'the engine has its runtime' ;;
        *) if have runsc; then printf 'installed, not known to the engine: runsc install, then let the engine read its configuration (SIGHUP)'; else printf 'not installed'; fi ;;
    esac
}

# see_to_gvisor: before a daemon is started, so that it knows the runtime. Without it everything else works.
see_to_gvisor() {
    have runsc || ! is_root || ! is_debian_like || install_parts gvisor || say "going on without gVisor"
}

# missing_parts: which of our parts are absent, one a line.
missing_parts() {
    have dockerd || answers || echo engine
    have docker || echo client
    docker compose version >/dev/null 2>&1 || echo compose
    docker buildx version >/dev/null 2>&1 || echo buildx
}

start_daemon() {
    if ! is_root; then
        err "the Docker daemon does not answer" "$(why_silent)" \
            "sudo tools/engine.sh ensure; or, when it runs: sudo usermod -aG docker $(id -un), then log in again"
        return 1
    fi
    if [ "$(cat /proc/1/comm 2>/dev/null)" = systemd ]; then
        say "starting the Docker daemon with systemd"
        systemctl start docker && wait_answer && return 0
        err "the Docker daemon does not answer" "systemd started it, yet $(why_silent)" "journalctl -u docker"
        return 1
    fi
    # Installing the package may have started one that is not ready yet; two daemons would fight.
    if daemon_is_coming; then
        say "a Docker daemon is on its way"
        wait_answer && return 0
        err "the Docker daemon does not answer" "$(why_silent)" "look for its log, then tools/engine.sh ensure"
        return 1
    fi
    start_by_hand
}

daemon_is_coming() {
    [ -z "${DOCKER_HOST:-}" ] && [ -r /run/docker.pid ] && is_dockerd "$(cat /run/docker.pid)"
}

start_by_hand() {
    mkdir -p "$RUN_DIR"
    say "starting the Docker daemon by hand (no systemd here); its log: $LOG_FILE"
    [ "$CONFIG_FILE" != "$RUN_DIR/daemon.json" ] || daemon_config >"$CONFIG_FILE"
    local extra=()
    read -r -a extra <<<"${GEN_DOCKERD_ARGS:-}"
    setsid dockerd --config-file "$CONFIG_FILE" "${extra[@]+"${extra[@]}"}" </dev/null >>"$LOG_FILE" 2>&1 &
    printf '%s\n' "$!" >"$PID_FILE"
    disown
    wait_answer && return 0
    err "the Docker daemon did not come up" "$(tail -n 1 "$LOG_FILE")" "read $LOG_FILE, then tools/engine.sh ensure"
    return 1
}

# wait_answer: bounded, with a line of progress every five seconds; ends early when our daemon died.
wait_answer() {
    local waited=0
    until answers; do
        [ "$waited" -lt "$START_SECONDS" ] || return 1
        if [ "$waited" -gt 0 ] && [ -f "$PID_FILE" ] && ! ours_pid >/dev/null; then return 1; fi
        [ $((waited % 5)) -ne 0 ] || say "waiting for the daemon to answer (${waited}s of ${START_SECONDS}s)"
        sleep 1
        waited=$((waited + 1))
    done
}

# ours_pid: the id of the daemon that `ensure` started, when it still is that daemon.
ours_pid() {
    local pid
    [ -f "$PID_FILE" ] || return 1
    pid=$(cat "$PID_FILE")
    is_dockerd "$pid" && printf '%s' "$pid"
}

# is_dockerd PID: a pid is used again, so the number alone proves nothing.
is_dockerd() {
    case "$1" in '' | *[!0-9]*) return 1 ;; esac
    [ -r "/proc/$1/cmdline" ] && tr '\0' '\n' <"/proc/$1/cmdline" | head -n 1 | grep -Eq '(^|/)dockerd$'
}

stop() {
    local pid waited=0
    if ! pid=$(ours_pid); then
        rm -f "$PID_FILE"
        say "no daemon of ours runs; any other is left alone"
        return 0
    fi
    say "stopping the daemon that ensure started (process $pid)"
    kill -TERM "$pid"
    while kill -0 "$pid" 2>/dev/null; do
        if [ "$waited" -ge "$START_SECONDS" ]; then
            err "the daemon did not stop" "it got SIGTERM ${waited}s ago" "kill -KILL $pid"
            return 1
        fi
        sleep 1
        waited=$((waited + 1))
    done
    rm -f "$PID_FILE"
}

ensure() {
    local missing
    [ "$1" != install ] || see_to_gvisor
    if status 2>/dev/null; then return 0; fi
    missing=$(missing_parts)
    if [ -n "$missing" ]; then
        say "missing: ${missing//$'\n'/, }"
        [ "$1" = install ] || {
            err "no container engine" "missing: ${missing//$'\n'/, }" "tools/engine.sh ensure"
            return 1
        }
        install_parts "$missing" || return 1
    fi
    answers || start_daemon || return 1
    status
}

case "${1:-}" in
    status) status ;;
    ensure)
        case "${2:-}" in
            '') ensure install ;;
            --no-install) ensure never ;;
            *) usage >&2 && exit 2 ;;
        esac
        ;;
    stop) stop ;;
    -h | --help) usage ;;
    *) usage >&2 && exit 2 ;;
esac
