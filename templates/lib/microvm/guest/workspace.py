"""The project in the guest: an overlay whose lower layer came in as a tar, and whose upper layer holds the changes."""

from __future__ import annotations

import os
import time

from . import files, kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What the first answer does not need is imported where it is used: each module is read anew at each start.

PLACE = "/workspace"
DISK = "/run/gen/work"
HELD = "/run/gen/held"
LOWER = f"{DISK}/lower"
READY = f"{DISK}/ready"
BLOCK = "/sys/block"
BUSYBOX = "/run/gen/busybox"
OPTIONS = "redirect_dir=off,metacopy=off,index=off,xino=off"


def settle(request: dict[str, Any]) -> None:
    """Mounts the disk of the workspace, brings the project in when it is new, and shows it at its place."""
    if request["again"]:
        for serial in ("work", "project"):
            look_again(serial)
    os.makedirs(DISK, mode=0o700, exist_ok=True)
    kernel.mount(disk("work"), DISK, "ext4", "discard")
    if not os.path.exists(READY):
        bring_in(disk("project") if request["project"] else "", int(request["uid"]), int(request["gid"]))
    show(upper())
    network(request)


def disk(serial: str) -> str:
    """The device of a disk."""
    for device in os.listdir(BLOCK):
        if device.startswith("vd") and files.read(f"{BLOCK}/{device}/serial") == serial:
            return f"/dev/{device}"
    raise FileNotFoundError(2, "no such disk", serial)


def look_again(serial: str) -> None:
    """Has the driver take the disk anew: after a start from a saved state it has another size and other content."""
    device = os.path.basename(os.readlink(f"{BLOCK}/{os.path.basename(disk(serial))}/device"))
    for what in ("unbind", "bind"):
        files.write(f"/sys/bus/virtio/drivers/virtio_blk/{what}", device)
    # The serial number is asked for when the disk is there.
    for _ in range(100):
        try:
            disk(serial)
            return
        except OSError:
            time.sleep(0.02)


def bring_in(device: str, uid: int, gid: int) -> None:
    """The project's files below the overlay, as the sandbox's user. An unpacking that was cut off is begun anew."""
    import shutil

    for old in os.listdir(DISK):
        path = f"{DISK}/{old}"
        if not os.path.isdir(path):
            os.unlink(path)
        elif old != "lost+found":
            shutil.rmtree(path)
    os.mkdir(LOWER, 0o755)
    os.chown(LOWER, uid, gid)
    if device and (code := unpack(device, uid, gid)) != 0:
        raise OSError(f"the project could not be unpacked: tar ended with {code}")
    new_upper("upper-0")
    in_use("upper-0")


def unpack(device: str, uid: int, gid: int) -> int:
    """By a program without rights, so that names in the archive lead nowhere but to what the user may write."""
    source = os.open(device, os.O_RDONLY)
    os.lseek(source, 0, os.SEEK_SET)
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(source, 0)
            os.chdir(LOWER)
            # Opened with the rights that it takes to reach it.
            program = os.open(BUSYBOX, os.O_RDONLY)
            kernel.give_up_rights(uid, gid)
            os.umask(0)
            os.execve(program, ["tar", "-x", "-o", "-f", "-"], {"PATH": "/"})
        except OSError as error:
            os.write(2, f"{error}\n".encode(errors="surrogateescape"))
        finally:
            os._exit(126)
    os.close(source)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def in_use(name: str) -> None:
    """Writes down which layer is, when all of it is on the disk: the machine may end at any moment."""
    os.sync()
    files.replace(READY, name)
    os.sync()


def upper() -> str:
    """The layer that is in use."""
    return f"{DISK}/{files.read(READY)}"


def new_upper(name: str) -> str:
    """An empty upper layer, owned as the lower one is."""
    made = f"{DISK}/{name}"
    os.mkdir(made, 0o755)
    owner = os.stat(LOWER)
    os.chown(made, owner.st_uid, owner.st_gid)
    os.mkdir(f"{made}.work")
    return made


def show(layer: str) -> None:
    """Mounts the overlay at its place; what was mounted there is out of sight."""
    os.makedirs(PLACE, exist_ok=True)
    if os.path.ismount(PLACE):
        kernel.unmount(PLACE)
    options = f"lowerdir={LOWER},upperdir={layer},workdir={layer}.work,{OPTIONS}"
    kernel.mount("workspace", PLACE, "overlay", options)


def leave() -> None:
    """Before the machine ends. What still runs loses the place, not the files."""
    for place in (PLACE, DISK):
        if os.path.ismount(place):
            os.sync()
            kernel.unmount(place)


def write_changes(end: int, most: int, largest: int) -> None:
    """The upper layer as a tar stream of at most so many bytes."""
    from . import layer

    with open(end, "wb", closefd=False) as stream:
        layer.pack(upper(), stream, most, largest)


def write_changes_still(end: int, most: int, largest: int) -> None:
    """The same, all of it as it was at one moment: what would be written meanwhile waits."""
    from still import Still

    with Still(DISK, HELD):
        write_changes(end, most, largest)


def let_go() -> None:
    """The disk is written to again when one is gone that had it held still."""
    if os.path.exists(HELD) and os.path.getsize(HELD):
        import still

        still.release(DISK, HELD)


def replace_changes(end: int) -> None:
    """Another upper layer instead of this one, from a tar stream: whole, or this one stays."""
    from . import layer

    old = upper()
    new = new_upper(f"upper-{time.monotonic_ns()}-{time.time_ns()}")
    try:
        with open(end, "rb", closefd=False) as stream:
            layer.unpack(stream, new)
    except BaseException:
        discard(new)
        raise
    in_use(os.path.basename(new))
    show(new)
    discard(old)


def discard(layer: str) -> None:
    """Removes a layer and what the kernel keeps beside it."""
    import shutil

    for folder in (layer, f"{layer}.work"):
        shutil.rmtree(folder, ignore_errors=True)


def network(request: dict[str, Any]) -> None:
    """Where names are asked, when there is a network at all."""
    names = "nameserver 10.0.2.3\n" if os.path.exists("/sys/class/net/eth0") else ""
    files.replace("/etc/resolv.conf", names)
    host = str(request.get("hostname") or "sandbox")
    files.write("/proc/sys/kernel/hostname", host)
    files.replace("/etc/hosts", f"127.0.0.1 localhost {host}\n::1 localhost\n")
