#!/usr/bin/env bash
# Sees to what the tests on Podman need: its client, and what that starts. See --help.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/common.sh
. "$here/common.sh"

usage() {
    cat <<'TEXT'
usage: tools/podman.sh status | ensure [--no-install] | private FOLDER

  status   says which Podman there is; exit 1 when something is missing
  ensure   as root on Debian and Ubuntu installs what is missing (not with --no-install). Podman keeps no
           daemon, and nothing is started.
  private  makes FOLDER/bin/podman: the same client with containers, images and networks of its own, all
           under FOLDER. Prints FOLDER/bin, for PATH.

Exit codes: 0 all is there, 1 something is missing, 2 wrong usage.
TEXT
}

# missing_packages: the packages of what is absent, one a line. A container's first process, and its networks, are programs
# that Podman only recommends.
missing_packages() {
    have podman || echo podman
    have catatonit || have tini || echo catatonit
    [ -x /usr/lib/podman/netavark ] || [ -x /usr/libexec/podman/netavark ] || printf '%s\n' netavark aardvark-dns
    have runc || have crun || echo runc
}

status() {
    local missing
    missing=$(missing_packages)
    if [ -n "$missing" ]; then
        printf 'podman: missing: %s\n' "${missing//$'\n'/, }"
        return 1
    fi
    podman --version
}

ensure() {
    local missing=()
    mapfile -t missing < <(missing_packages)
    if [ "${#missing[@]}" -gt 0 ]; then
        [ "$1" = install ] || {
            err "no Podman" "missing: ${missing[*]}" "tools/podman.sh ensure"
            return 1
        }
        need_packages "Podman" "${missing[@]}" || return 1
    fi
    status
}

# private: nothing of it outlives the folder but what it still has mounted or running.
private() {
    local runtime
    if have runc; then runtime=runc; else runtime=crun; fi
    mkdir -p "$folder"/{bin,run,networks,graph}
    # Without the right to raise a limit, root cannot give a container more than Podman's own default asks for.
    cat >"$folder/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=8192:8192"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "$runtime"
tmp_dir = "$folder/run/libpod"
[network]
network_backend = "netavark"
network_config_dir = "$folder/networks"
CONF
    cat >"$folder/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$folder/graph"
runroot = "$folder/run"
CONF
    cat >"$folder/bin/podman" <<WRAPPER
#!/bin/sh
export CONTAINERS_CONF='$folder/containers.conf' CONTAINERS_STORAGE_CONF='$folder/storage.conf'
exec $(command -v podman) "\$@"
WRAPPER
    chmod +x "$folder/bin/podman"
    echo "$folder/bin"
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
    private)
        [ -n "${2:-}" ] || { usage >&2 && exit 2; }
        mkdir -p "$2"
        folder=$(cd "$2" && pwd -P)
        private
        ;;
    -h | --help) usage ;;
    *) usage >&2 && exit 2 ;;
esac
