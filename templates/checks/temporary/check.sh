#!/usr/bin/env bash
# /tmp is a tmpfs of the profile's size
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

options=$(inside awk '$5 == "/tmp" { print $6, $(NF - 2), $NF }' /proc/self/mountinfo) || unknown "the sandbox does not answer"
case $options in *nosuid*nodev*tmpfs*) ;; *) echo "/tmp is mounted: ${options:-not at all}"; exit "$HOLDS_NOT" ;; esac
size=$(inside df -PTk /tmp | awk 'END { printf "%.0f", $3 * 1024 }')
[ "$size" -eq "$GEN_TMPFS_BYTES" ] || { echo "/tmp has $(human "$size"), and $(human "$GEN_TMPFS_BYTES") are asked for"; exit "$HOLDS_NOT"; }
