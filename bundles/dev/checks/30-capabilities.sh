#!/usr/bin/env bash
# No capability but those that the profile names
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

# The capabilities by their numbers, from the kernel's linux/capability.h.
NUMBERS=' CHOWN 0 DAC_OVERRIDE 1 DAC_READ_SEARCH 2 FOWNER 3 FSETID 4 KILL 5 SETGID 6 SETUID 7 SETPCAP 8 LINUX_IMMUTABLE 9
 NET_BIND_SERVICE 10 NET_BROADCAST 11 NET_ADMIN 12 NET_RAW 13 IPC_LOCK 14 IPC_OWNER 15 SYS_MODULE 16 SYS_RAWIO 17 SYS_CHROOT 18
 SYS_PTRACE 19 SYS_PACCT 20 SYS_ADMIN 21 SYS_BOOT 22 SYS_NICE 23 SYS_RESOURCE 24 SYS_TIME 25 SYS_TTY_CONFIG 26 MKNOD 27 LEASE 28
 AUDIT_WRITE 29 AUDIT_CONTROL 30 SETFCAP 31 MAC_OVERRIDE 32 MAC_ADMIN 33 SYSLOG 34 WAKE_ALARM 35 BLOCK_SUSPEND 36 AUDIT_READ 37
 PERFMON 38 BPF 39 CHECKPOINT_RESTORE 40 '

expected=0
for name in $GEN_CAPABILITIES; do
    number=${NUMBERS#*" ${name#CAP_} "}
    whole "${number%%[!0-9]*}" 2 || unknown "this check knows no capability $name"
    expected=$((expected | (1 << NUMBER)))
done

# expect_set WHERE FIELD VALUE NUMBER
expect_set() {
    hexadecimal "$3" 16 || { echo "$1: $2 is no set of capabilities: $3"; exit "$HOLDS_NOT"; }
    [ "$NUMBER" -eq "$4" ] || { echo "$1: $2 is $3, expected: $(printf %x "$4")"; exit "$HOLDS_NOT"; }
}

if [ "$BACKEND" = docker ]; then
    sandbox_process
    while read -r process; do
        where="process $process of the sandbox"
        for field in CapEff CapPrm CapInh CapAmb CapBnd; do
            value=$(status_of "$process" "$field")
            # It has ended since it was listed.
            [ -n "$value" ] || continue 2
            # With an empty bounding set there is nothing to gain; what is in it, no program inside has by itself.
            if [ "$field" = CapBnd ]; then expect_set "$where" "$field" "$value" "$expected"; else expect_set "$where" "$field" "$value" 0; fi
        done
    done < <(sandbox_processes)
    exit "$HOLDS"
fi
# gVisor and a machine have capabilities of their own kernels. What gVisor was told is compared by the check of the engine's
# settings; this is what a program inside reports.
status=$(inside cat /proc/self/status) || unknown "the sandbox does not answer"
field() { printf '%s\n' "$status" | sed -n "/^$1:/{s/^$1:[[:space:]]*//p;q;}"; }
expect_set inside CapEff "$(field CapEff)" 0
expect_set inside CapBnd "$(field CapBnd)" "$expected"
