"""What the host can ask for."""

from __future__ import annotations

import fcntl
import os
import pwd
import resource
import signal
import struct
import time
from collections.abc import Callable

from . import files, kernel, workspace
from .job import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where a user's own programs go, as in the image: pip, pipx and npm, cargo, go.
OWN_PROGRAMS = (".local/bin", ".cargo/bin", "go/bin")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ADD_ENTROPY, RESEED = 0x40085203, 0x5207


def start(request: dict[str, Any], groups: str) -> Job:
    """The process that does what is asked."""
    kinds: dict[str, Callable[[dict[str, Any], str], Callable[[], None]]] = {
        "setup": setup, "exec": command, "changes": changes, "put": put, "stop": stop,
    }  # fmt: skip
    size = request.get("size")
    child = kinds[request["do"]](request, groups)
    # What we do ourselves is not under the limits of the sandbox's processes.
    own = f"{groups}/{'sandbox' if request['do'] == 'exec' else 'service'}"
    # What was held still for one that was killed is let go.
    after = workspace.let_go if request["do"] == "changes" else None
    return Job(child, own, request.get("limit"), (size[0], size[1]) if size else None, after)


def setup(request: dict[str, Any], groups: str) -> Callable[[], None]:
    """The clock, fresh randomness, limits, and the workspace. Asked for once after each start of the machine."""

    def child() -> None:
        time.clock_settime(time.CLOCK_REALTIME, float(request["time"]))
        stir(bytes.fromhex(request["seed"]))
        files.write(f"{groups}/sandbox/pids.max", str(int(request["pids"])))
        files.write(f"{groups}/sandbox/memory.max", str(memory_for_all()))
        workspace.settle(request)
        furnish(request)

    return child


def furnish(request: dict[str, Any]) -> None:
    """Folders in memory, and a root that nobody writes to any more, where that is asked for."""
    owner = f"uid={int(request['uid'])},gid={int(request['gid'])}"
    for path, size in request["tmpfs"]:
        os.makedirs(path, exist_ok=True)
        if not os.path.ismount(path):
            mode = "mode=1777" if path in ("/tmp", "/var/tmp") else f"mode=0700,{owner}"  # noqa: S108
            kernel.mount("tmpfs", path, "tmpfs", f"size={int(size)},{mode}")
    if request["readonly"]:
        flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
        kernel.mount("", "/", "", "", flags)


def memory_for_all() -> int:
    """What the sandbox may use, so that something is left for the agent and the kernel."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(total - (96 << 20), total // 2)


def stir(seed: bytes) -> None:
    """Two machines that began from one saved state must not draw the same numbers."""
    with open("/dev/urandom", "wb", buffering=0) as device:
        fcntl.ioctl(device, ADD_ENTROPY, struct.pack("ii", len(seed) * 8, len(seed)) + seed)
        fcntl.ioctl(device, RESEED)


def command(request: dict[str, Any], _: str) -> Callable[[], None]:
    """A program of the sandbox's, as the sandbox's user."""
    argv = [os.fsencode(word) for word in request["argv"]]
    uid, gid = int(request["uid"]), int(request["gid"])
    if not argv or uid <= 0 or gid <= 0:
        raise ValueError("a command needs a word and an ordinary user")

    def child() -> None:
        for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 65536)):
            resource.setrlimit(limit, (value, value))
        os.umask(0o022)
        environment = surroundings(uid) | {str(name): str(value) for name, value in request.get("env", {}).items()}
        if request.get("size"):
            environment.setdefault("TERM", "xterm-256color")
        kernel.give_up_rights(uid, gid)
        os.chdir(request.get("cwd") or workspace.PLACE)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(argv[0], argv, environment)

    return child


def surroundings(uid: int) -> dict[str, str]:
    """The environment of a user who logs in, as far as the image knows the user."""
    try:
        entry = pwd.getpwuid(uid)
        own = ":".join(f"{entry.pw_dir}/{folder}" for folder in OWN_PROGRAMS)
        return {"PATH": f"{own}:{PATH}", "HOME": entry.pw_dir, "USER": entry.pw_name}
    except KeyError:
        return {"PATH": PATH, "HOME": "/tmp"}  # noqa: S108  # the one place that a user without a name can write to


def changes(request: dict[str, Any], _: str) -> Callable[[], None]:
    """The upper layer of the workspace on standard output; with `still`, all of it as it was at one moment."""
    write = workspace.write_changes_still if request["still"] else workspace.write_changes
    return lambda: write(1, int(request["most"]), int(request["largest"]))


def put(_request: dict[str, Any], _: str) -> Callable[[], None]:
    """Another upper layer, from standard input."""
    return lambda: workspace.replace_changes(0)


def stop(_request: dict[str, Any], _: str) -> Callable[[], None]:
    """Ends the machine in good order."""

    def child() -> None:
        workspace.leave()
        os.kill(1, signal.SIGTERM)

    return child
