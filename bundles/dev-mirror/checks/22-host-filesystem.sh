#!/usr/bin/env bash
# The host's filesystem cannot be reached
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

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
mounts=$(docker inspect --format '{{range .Mounts}}{{.Type}}:{{.Name}}:{{.Destination}} {{end}}' "$GEN_CONTAINER") || unknown "the engine does not answer"
[ "$mounts" = "volume:$VOLUME:$GEN_STORAGE_PATH " ] || { echo "unexpected mounts: $mounts"; exit "$HOLDS_NOT"; }
devices=$(docker inspect --format '{{len .HostConfig.Devices}} {{.HostConfig.PidMode}}{{.HostConfig.UTSMode}}{{.HostConfig.UsernsMode}} {{.HostConfig.IpcMode}}' "$GEN_CONTAINER")
# Of its own it has all of them, which Podman says of each.
[ "$devices" = "$OWN_NAMESPACES" ] || { echo "devices or namespaces of the host: $devices"; exit "$HOLDS_NOT"; }
# What the sandbox itself sees. The engine puts a few files there by itself: names and addresses, no data of the host.
seen=$(inside cat /proc/self/mountinfo | awk -v workspace="$GEN_STORAGE_PATH" '
    { kind = ""; for (i = 1; i <= NF; i++) if ($i == "-") kind = $(i + 1) }
    $5 == "/" || $5 == workspace || $5 ~ "^/(proc|sys|dev)(/|$)" { next }
    $5 ~ "^/etc/(resolv.conf|hostname|hosts)$" || kind == "tmpfs" { next }
    $5 ~ "/docker-init$" || $5 ~ "^/run/(podman-init|[.]containerenv)$" { next }
    { print $5 " (" kind ")" }')
[ -z "$seen" ] || { echo "mounted in the sandbox: $seen"; exit "$HOLDS_NOT"; }
for path in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock /host; do
    ! inside test -e "$path" || { echo "$path is in the sandbox"; exit "$HOLDS_NOT"; }
done
blocks=$(inside find /dev -type b) && [ -z "$blocks" ] || { echo "block devices in the sandbox: $blocks"; exit "$HOLDS_NOT"; }
