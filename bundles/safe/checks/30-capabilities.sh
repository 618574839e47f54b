#!/usr/bin/env bash
# No capability but those that the profile names
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"

# The capabilities by their numbers, from the kernel's linux/capability.h.
NUMBERS='CHOWN 0 DAC_OVERRIDE 1 DAC_READ_SEARCH 2 FOWNER 3 FSETID 4 KILL 5 SETGID 6 SETUID 7 SETPCAP 8 LINUX_IMMUTABLE 9
NET_BIND_SERVICE 10 NET_BROADCAST 11 NET_ADMIN 12 NET_RAW 13 IPC_LOCK 14 IPC_OWNER 15 SYS_MODULE 16 SYS_RAWIO 17 SYS_CHROOT 18
SYS_PTRACE 19 SYS_PACCT 20 SYS_ADMIN 21 SYS_BOOT 22 SYS_NICE 23 SYS_RESOURCE 24 SYS_TIME 25 SYS_TTY_CONFIG 26 MKNOD 27 LEASE 28
AUDIT_WRITE 29 AUDIT_CONTROL 30 SETFCAP 31 MAC_OVERRIDE 32 MAC_ADMIN 33 SYSLOG 34 WAKE_ALARM 35 BLOCK_SUSPEND 36 AUDIT_READ 37
PERFMON 38 BPF 39 CHECKPOINT_RESTORE 40'

expected=0
for name in $GEN_CAPABILITIES; do
    number=$(printf '%s' "$NUMBERS" | tr '\n' ' ' | sed -n "s/.*\(^\| \)${name#CAP_} \([0-9]*\).*/\2/p")
    expected=$((expected | (1 << number)))
done
status=$(inside cat /proc/self/status) || unknown "the sandbox does not answer"
value() { printf '%s\n' "$status" | sed -n "s/^$1:[[:space:]]*//p"; }
[ $((16#$(value CapEff))) -eq 0 ] || { echo "effective capabilities: $(value CapEff)"; exit "$HOLDS_NOT"; }
[ $((16#$(value CapBnd))) -eq "$expected" ] || { echo "bounding set: $(value CapBnd), expected: $(printf %x "$expected")"; exit "$HOLDS_NOT"; }
[ "$BACKEND" = microvm ] || [ "$(docker inspect --format '{{.HostConfig.Privileged}}' "$GEN_CONTAINER")" = false ] || { echo "the container is privileged"; exit "$HOLDS_NOT"; }
