#!/usr/bin/env bash
# The sandbox has the kernel that was chosen for it
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

[ -n "$BACKEND" ] || { echo "no backend that the profile accepts ($GEN_BACKENDS) is written down in .state/names/isolation"; exit "$HOLDS_NOT"; }
says=$(inside cat /proc/version /proc/cmdline) || unknown "the sandbox does not answer"
# Of two containers on one kernel both read the same number, which is new each time that a kernel starts.
boot=$(inside cat /proc/sys/kernel/random/boot_id) || unknown "the sandbox does not tell which kernel it has"
found=microvm
[ "$boot" != "$(cat /proc/sys/kernel/random/boot_id)" ] || found=docker
case $says in *[Gg][Vv]isor*) found=gvisor ;; esac
[ "$found" = "$BACKEND" ] || { echo "the kernel inside is that of $found, and $BACKEND was chosen"; exit "$HOLDS_NOT"; }
