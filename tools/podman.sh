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

# helper NAME: whether Podman has that program of its own. Another one of the same use, in PATH, it does not take.
helper() { [ -x "/usr/libexec/podman/$1" ] || [ -x "/usr/lib/podman/$1" ]; }

# missing_packages: the packages of what is absent, one a line. A container's first process, and its networks, are programs
# that Podman only recommends.
missing_packages() {
    have podman || echo podman
    helper catatonit || echo catatonit
    helper netavark || echo netavark
    helper aardvark-dns || echo aardvark-dns
    have runc || have crun || echo runc
}

version() { podman --version; }

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

if [ "${1:-}" = private ] && [ -n "${2:-}" ]; then
    mkdir -p "$2"
    folder=$(cd "$2" && pwd -P)
    private
else
    package_tool Podman "$@"
fi
