#!/usr/bin/env bash
# /tmp is a tmpfs of the profile's size
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

if [ "$BACKEND" = docker ]; then
    sandbox_process
    read -r _ type root options _ _ more < <(mounted_at /tmp)
    case ${type:-} in tmpfs) ;; *) echo "/tmp is no tmpfs: ${type:-nothing is mounted}"; exit "$HOLDS_NOT" ;; esac
    case $root:,$options, in /:*,nosuid,*,nodev,* | /:*,nodev,*,nosuid,* | /:*,nosuid,nodev,*) ;; *) echo "/tmp is mounted: $root $options"; exit "$HOLDS_NOT" ;; esac
    kilobytes=,$more
    kilobytes=${kilobytes##*,size=}
    kilobytes=${kilobytes%%k*}
else
    # Neither shows its own mounts on this host: it is what a program inside reports. What gVisor was told is compared by the
    # check of the engine's settings.
    # shellcheck disable=SC2016 # awk expands it
    mounted=$(inside awk '$5 == "/tmp" { print $6, $(NF - 2), $NF }' /proc/self/mountinfo) || unknown "the sandbox does not answer"
    # gVisor does not show these two: it never heeds a set-uid bit, and nobody but root makes a device.
    case $BACKEND:$mounted in gvisor:*tmpfs* | *:*nosuid*nodev*tmpfs*) ;; *) echo "/tmp is mounted: ${mounted:-not at all}"; exit "$HOLDS_NOT" ;; esac
    kilobytes=$(inside df -k --output=size /tmp)
    kilobytes=${kilobytes##*$'\n'}
fi
whole "$kilobytes" || { echo "the size of /tmp is no number: $kilobytes"; exit "$HOLDS_NOT"; }
size=$((NUMBER * 1024))
[ "$size" -eq "$GEN_TMPFS_BYTES" ] || { echo "/tmp has $(human "$size"), and $(human "$GEN_TMPFS_BYTES") are asked for"; exit "$HOLDS_NOT"; }
