"""The first process: prepares the guest, keeps one worker a port, reaps what is left behind, ends the machine."""

from __future__ import annotations

import os
import signal
import time

from . import files, kernel
from .lane import Lane

GROUPS = "/sys/fs/cgroup"
PORTS = "/sys/class/virtio-ports"
SYSCTL = {
    "user/max_user_namespaces": "0",
    "kernel/unprivileged_bpf_disabled": "1",
    "kernel/dmesg_restrict": "1",
    "kernel/kptr_restrict": "2",
    "kernel/yama/ptrace_scope": "1",
    "kernel/modules_disabled": "1",
    "kernel/printk": "1 4 1 7",
    "vm/panic_on_oom": "0",
}


def write(path: str, text: str) -> None:
    """Into a file of the kernel's; one that this kernel does not have is passed over."""
    try:
        files.write(path, text)
    except OSError as error:
        print(f"gen: {path}: {error}", flush=True)


def prepare() -> None:
    """Limits that hold before anything of the sandbox runs."""
    os.environ.clear()
    # Whatever eats the memory, the agent is not what dies of it.
    write("/proc/self/oom_score_adj", "-1000")
    for name, value in SYSCTL.items():
        write(f"/proc/sys/{name}", value)
    kernel.mount("cgroup2", GROUPS, "cgroup2")
    # With the processor shared by group, not by process: a thousand processes of the sandbox's do not starve the agent.
    write(f"{GROUPS}/cgroup.subtree_control", "+cpu +pids +memory")
    for name in ("sandbox", "service"):
        os.mkdir(f"{GROUPS}/{name}")
    # Until the host has said how many.
    write(f"{GROUPS}/sandbox/pids.max", "64")


def lanes() -> list[str]:
    """The devices of the ports that are called lane-N, in order."""
    named = {files.read(f"{PORTS}/{port}/name"): f"/dev/{port}" for port in os.listdir(PORTS)}
    return [named[name] for name in sorted(named) if name.startswith("lane-")]


def worker(device: str) -> int:
    """Starts the process that serves one port."""
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            Lane(device, GROUPS).serve()
        finally:
            os._exit(1)
    return pid


def main() -> None:
    """Never returns."""
    prepare()
    # How a worker says that the machine ends.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGCHLD))
    workers = {worker(device): device for device in lanes()}
    print("gen: the agent is ready", flush=True)
    while True:
        number = signal.sigtimedwait((signal.SIGTERM, signal.SIGCHLD), 60)
        if number is not None and number.si_signo == signal.SIGTERM:
            kernel.stop_machine(kernel.POWER_OFF)
        workers = dict(reaped(workers))


def reaped(workers: dict[int, str]) -> list[tuple[int, str]]:
    """The workers after all that ended was taken note of; one that died is started anew, but not in a hurry."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pid = 0
        if pid == 0:
            return list(workers.items())
        device = workers.pop(pid, None)
        if device is not None:
            time.sleep(0.2)
            workers[worker(device)] = device
