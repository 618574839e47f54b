#!/usr/bin/env bash
# The limits on CPU, memory and processes are in force
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

if [ "$BACKEND" = microvm ]; then
    # What a machine has is all that there is for it.
    words=$(machine_words) || unknown "the machine's process does not tell how it was started"
    expected="-m $((GEN_MEMORY_BYTES >> 20))M -smp $(processors)"
    case $(printf '%s' "$words" | tr '\n' ' ') in *" $expected "*) ;; *) echo "the machine was not started with $expected"; exit "$HOLDS_NOT" ;; esac
    seen="$(inside nproc) $(inside cat /sys/fs/cgroup/sandbox/pids.max)"
    [ "$seen" = "$(processors) $GEN_PIDS" ] || { echo "processors and processes inside: $seen; expected: $(processors) $GEN_PIDS"; exit "$HOLDS_NOT"; }
    exit "$HOLDS"
fi
settings=$(docker inspect --format '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}}' "$GEN_CONTAINER") || unknown "the engine does not answer"
expected="$(awk -v n="$GEN_CPUS" 'BEGIN { printf "%.0f", n * 1000000000 }') $GEN_MEMORY_BYTES $GEN_MEMORY_BYTES $GEN_PIDS"
[ "$settings" = "$expected" ] || { echo "the engine has: $settings; expected: $expected"; exit "$HOLDS_NOT"; }

# What the kernel has, in version 2 or 1 of its control groups. gVisor shows its own; the host's hold all of it.
kernel() {
    case $BACKEND in
    gvisor) cat "$(group '')/$1" 2>/dev/null || cat "$(group "${2%%/*}")/${2#*/}" 2>/dev/null ;;
    *) inside cat "/sys/fs/cgroup/$1" 2>/dev/null || inside cat "/sys/fs/cgroup/$2" 2>/dev/null ;;
    esac
}
group() { # CONTROLLER: the folder of the sandbox's control group on this host; without one, that of version 2
    awk -F : -v controller="$1" '("," $2 ",") ~ ("," controller ",") { print "/sys/fs/cgroup" (controller == "" ? "" : "/" controller) $3; exit }' \
        "/proc/$(docker inspect --format '{{.State.Pid}}' "$GEN_CONTAINER")/cgroup"
}
expect() { [ "$2" = "$3" ] || { echo "the kernel's limit on $1 is $2; expected: $3"; exit "$HOLDS_NOT"; }; }
expect memory "$(kernel memory.max memory/memory.limit_in_bytes)" "$GEN_MEMORY_BYTES"
expect processes "$(kernel pids.max pids/pids.max)" "$GEN_PIDS"
quota=$(kernel cpu.max cpu/cpu.cfs_quota_us)
period=${quota#* }
[ "$period" != "$quota" ] || period=$(kernel - cpu/cpu.cfs_period_us)
awk -v quota="${quota%% *}" -v period="$period" -v cpus="$GEN_CPUS" 'BEGIN { d = quota / period - cpus; exit !(d < 0.01 && d > -0.01) }' ||
    { echo "the kernel's limit on processors is $quota in $period; expected: $GEN_CPUS"; exit "$HOLDS_NOT"; }
# Swap is counted only where the kernel was told to.
swap=$(kernel memory.swap.max memory/memory.memsw.limit_in_bytes)
case $swap in '' | 0 | "$GEN_MEMORY_BYTES") ;; *) echo "the kernel's limit on swap is $swap"; exit "$HOLDS_NOT" ;; esac
