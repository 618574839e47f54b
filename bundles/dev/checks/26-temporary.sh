#!/usr/bin/env bash
# /tmp is a tmpfs of the profile's size
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

# shellcheck disable=SC2016 # awk expands it
mounted=$(inside awk '$5 == "/tmp" { print $6, $(NF - 2), $NF }' /proc/self/mountinfo) || unknown "the sandbox does not answer"
# gVisor does not show these two: it never heeds a set-uid bit, and nobody but root makes a device.
case $BACKEND:$mounted in gvisor:*tmpfs* | *:*nosuid*nodev*tmpfs*) ;; *) echo "/tmp is mounted: ${mounted:-not at all}"; exit "$HOLDS_NOT" ;; esac
size=$(($(inside df -k --output=size /tmp | tail -n 1) * 1024))
[ "$size" -eq "$GEN_TMPFS_BYTES" ] || { echo "/tmp has $(human "$size"), and $(human "$GEN_TMPFS_BYTES") are asked for"; exit "$HOLDS_NOT"; }
