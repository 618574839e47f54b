#!/usr/bin/env bash
# The system-call filter is on and does what it says
# shellcheck source=templates/lib/docker.sh
. "$(dirname "$0")/../lib/docker.sh"
# shellcheck source=templates/lib/sight.sh
. "$BUNDLE/lib/sight.sh"

if [ "$BACKEND" = microvm ]; then
    case $(cat "/proc/$(machine_pid)/status") in *Seccomp:?2*) ;; *) echo "no filter is in force around QEMU"; exit "$HOLDS_NOT" ;; esac
fi
if [ "$BACKEND" = gvisor ]; then
    # The profile's filter holds for what the container starts itself. What lies between it and the host is gVisor's own
    # kernel, and a filter around that.
    sandbox_process
    [ "$(status_of "$PID" NoNewPrivs) $(status_of "$PID" Seccomp)" = '1 2' ] || { echo "no filter is in force around gVisor"; exit "$HOLDS_NOT"; }
fi
if [ "$BACKEND" = docker ]; then
    # That it is this bundle's filter, the check of the engine's settings compares, word for word.
    sandbox_process
    while read -r process; do
        value=$(status_of "$process" Seccomp)
        [ -z "$value" ] || [ "$value" = 2 ] || { echo "no filter is in force for process $process of the sandbox"; exit "$HOLDS_NOT"; }
    done < <(sandbox_processes)
fi
[ "$GEN_SECCOMP" = strict ] || exit "$HOLDS"
# A trial of what it refuses; the sandbox runs it, and so it shows what an honest program meets.
inside python3 -c '
import ctypes, errno, socket, sys

bad = []
libc = ctypes.CDLL(None, use_errno=True)

def refused(what, result):
    if result >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT):
        bad.append(what)

for family, name in ((40, "AF_VSOCK"), (38, "AF_ALG"), (17, "AF_PACKET")):
    refused(name, libc.socket(family, socket.SOCK_STREAM, 0))
# 425 is io_uring_setup on every architecture; 0x10000000 is CLONE_NEWUSER.
refused("io_uring_setup", libc.syscall(425, 1, 0))
# In gVisor and in a machine a new namespace is one of their own kernel.
sys.argv[1] in ("gvisor", "microvm") or refused("unshare(CLONE_NEWUSER)", libc.unshare(0x10000000))
# The positive control: what must work, works.
socket.socket(socket.AF_UNIX).close()
socket.socket(socket.AF_INET).close()
sys.exit("not refused: " + ", ".join(bad) if bad else 0)
' "$BACKEND"
