#!/usr/bin/env bash
# The sandbox has the kernel that was chosen for it
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

[ -n "$BACKEND" ] || { echo "no backend that the profile accepts ($GEN_BACKENDS) is written down in .state/names/isolation"; exit "$HOLDS_NOT"; }
if [ "$BACKEND" = microvm ]; then
    case $(machine_words | sed 1q) in *qemu-system-*) exit "$HOLDS" ;; *) echo "the sandbox's process is no machine"; exit "$HOLDS_NOT" ;; esac
fi
# The process that the engine started for the sandbox is gVisor's kernel, or the sandbox's own first process.
sandbox_process
found=docker
case $(tr '\0' '\n' <"/proc/$PID/cmdline" | sed 1q) in runsc-sandbox | runsc | */runsc) found=gvisor ;; esac
[ "$found" = "$BACKEND" ] || { echo "the kernel of the sandbox is that of $found, and $BACKEND was chosen"; exit "$HOLDS_NOT"; }
