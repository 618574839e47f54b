#!/usr/bin/env bash
# The limits on CPU, memory and processes are in force
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

if [ "$BACKEND" = microvm ]; then
    # What a machine has is all that there is for it.
    words=$(machine_words) || unknown "the machine's process does not tell how it was started"
    expected="-m $((GEN_MEMORY_BYTES >> 20))M -smp $(processors)"
    case $(printf '%s' "$words" | tr '\n' ' ') in *" $expected "*) ;; *) echo "the machine was not started with $expected"; exit "$HOLDS_NOT" ;; esac
    seen="$(inside nproc) $(inside cat /sys/fs/cgroup/sandbox/pids.max)"
    [ "$seen" = "$(processors) $GEN_PIDS" ] || { echo "processors and processes inside: $seen; expected: $(processors) $GEN_PIDS"; exit "$HOLDS_NOT"; }
    exit "$HOLDS"
fi
settings=$(docker inspect --format '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.PidsLimit}}' "$(sandbox_id)") || unknown "the engine does not answer"
expected="$(awk -v n="$GEN_CPUS" 'BEGIN { printf "%.0f", n * 1000000000 }') $GEN_MEMORY_BYTES $GEN_MEMORY_BYTES $GEN_PIDS"
[ "$settings" = "$expected" ] || { echo "the engine has: $settings; expected: $expected"; exit "$HOLDS_NOT"; }

# What the kernel has for it on this host.
sandbox_process
expect() { [ "$2" = "$3" ] || { echo "the kernel's limit on $1 is $2; expected: $3"; exit "$HOLDS_NOT"; }; }
expect memory "$(control_value memory.max memory/memory.limit_in_bytes)" "$GEN_MEMORY_BYTES"
expect processes "$(control_value pids.max pids/pids.max)" "$GEN_PIDS"
quota=$(control_value cpu.max cpu/cpu.cfs_quota_us)
period=${quota#* }
[ "$period" != "$quota" ] || period=$(control_value - cpu/cpu.cfs_period_us)
{ whole "${quota%% *}" && whole "$period"; } || { echo "the kernel sets no limit on processors: $quota"; exit "$HOLDS_NOT"; }
awk -v quota="${quota%% *}" -v period="$period" -v cpus="$GEN_CPUS" 'BEGIN { d = quota / period - cpus; exit !(d < 0.01 && d > -0.01) }' ||
    { echo "the kernel's limit on processors is $quota in $period; expected: $GEN_CPUS"; exit "$HOLDS_NOT"; }
# Swap is counted only where the kernel was told to.
swap=$(control_value memory.swap.max memory/memory.memsw.limit_in_bytes)
case $swap in '' | 0 | "$GEN_MEMORY_BYTES") ;; *) echo "the kernel's limit on swap is $swap"; exit "$HOLDS_NOT" ;; esac
