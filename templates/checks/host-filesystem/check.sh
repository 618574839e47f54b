#!/usr/bin/env bash
# The host's filesystem cannot be reached
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

if [ "$BACKEND" = microvm ]; then
    words=$(machine_words) || unknown "the machine's process does not tell how it was started"
    ! printf '%s\n' "$words" | grep -E -e '^-(virtfs|fsdev)$' -e 'virtiofs|vhost-user-fs|virtio-9p|vfio|usb-host|vsock' ||
        { echo "the machine was started with a way to this host"; exit "$HOLDS_NOT"; }
    # shellcheck disable=SC2016 # awk expands it
    shares=$(inside awk '{ for (i = 1; i <= NF; i++) if ($i == "-") print $(i + 1) }' /proc/self/mountinfo | grep -E '^(9p|virtiofs|nfs.*|cifs|fuse.*)$')
    [ -z "$shares" ] || { echo "mounted in the machine: $shares"; exit "$HOLDS_NOT"; }
    blocks=$(inside find /dev -type b \( -readable -o -writable \)) && [ -z "$blocks" ] || { echo "the user may use: $blocks"; exit "$HOLDS_NOT"; }
    exit "$HOLDS"
fi
# What the engine mounts: the workspace's volume and tmpfs, nothing of the host.
mounts=$(docker inspect --format '{{range .Mounts}}{{.Type}}:{{.Name}}:{{.Destination}} {{end}}' "$(sandbox_id)") || unknown "the engine does not answer"
[ "$mounts" = "volume:$VOLUME:$GEN_STORAGE_PATH " ] || { echo "unexpected mounts: $mounts"; exit "$HOLDS_NOT"; }
devices=$(docker inspect --format '{{len .HostConfig.Devices}} {{.HostConfig.PidMode}}{{.HostConfig.UTSMode}}{{.HostConfig.UsernsMode}} {{.HostConfig.IpcMode}}' "$(sandbox_id)")
# Of its own it has all of them, which Podman says of each.
[ "$devices" = "$OWN_NAMESPACES" ] || { echo "devices or namespaces of the host: $devices"; exit "$HOLDS_NOT"; }
if [ "$BACKEND" = gvisor ]; then
    # gVisor mounts nothing of this host by itself; this is what a program inside reports.
    blocks=$(inside find /dev -type b) && [ -z "$blocks" ] || { echo "block devices in the sandbox: $blocks"; exit "$HOLDS_NOT"; }
    exit "$HOLDS"
fi
# What the kernel has mounted for it. The engine puts a few files there by itself: names and addresses, no data of the host. A
# tmpfs is its own where the bundle asks for one; another may be the host's /run.
sandbox_process
rooms=$(sed -n 's/^HostConfig[.]Tmpfs[.]\([^ ]*\) is .*/\1/p' "$BUNDLE/config/container.rules" | tr '\n' ' ')
seen=$(mounted_in_sandbox | awk -v workspace="$GEN_STORAGE_PATH" -v rooms=" $rooms" '
    $1 == "/" || $1 == workspace { next }
    $1 ~ "^/(proc|sys|dev)(/|$)" && $2 ~ /^(proc|sysfs|tmpfs|devpts|mqueue|cgroup|cgroup2)$/ { next }
    $2 == "tmpfs" && $3 == "/" && index(rooms, " " $1 " ") { next }
    $1 ~ "^/etc/(resolv.conf|hostname|hosts)$" || $1 ~ "/docker-init$" || $1 ~ "^/run/(podman-init|[.]containerenv)$" { next }
    { print $1 " (" $2 ")" }')
[ -z "$seen" ] || { echo "mounted in the sandbox: $seen"; exit "$HOLDS_NOT"; }
# With that, no socket of an engine is in it either: one comes in by a mount.
beside_find /dev/ -type b
[ -z "$FOUND" ] || { echo "block devices in the sandbox: $FOUND"; exit "$HOLDS_NOT"; }
