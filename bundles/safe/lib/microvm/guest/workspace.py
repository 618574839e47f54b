"""The project in the guest: an overlay whose lower layer came in as a tar, and whose upper layer holds the changes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import kernel

if TYPE_CHECKING:
    from typing import Any

# What the first answer does not need is imported where it is used: each module is read anew at each start.

PLACE = "/workspace"
DISK = Path("/run/gen/work")
LOWER = DISK / "lower"
READY = DISK / "ready"
BUSYBOX = "/run/gen/busybox"
OPTIONS = "redirect_dir=off,metacopy=off,index=off,xino=off"


def settle(request: dict[str, Any]) -> None:
    """Mounts the disk of the workspace, brings the project in when it is new, and shows it at its place."""
    if request["again"]:
        for serial in ("work", "project"):
            look_again(serial)
    DISK.mkdir(mode=0o700, exist_ok=True)
    kernel.mount(disk("work"), str(DISK), "ext4", "discard")
    if not READY.exists():
        bring_in(disk("project") if request["project"] else "", int(request["uid"]), int(request["gid"]))
    show(upper())
    network(request)


def disk(serial: str) -> str:
    """The device of a disk."""
    for device in Path("/sys/block").glob("vd*"):
        if (device / "serial").read_text("ascii").strip() == serial:
            return f"/dev/{device.name}"
    raise FileNotFoundError(2, "no such disk", serial)


def look_again(serial: str) -> None:
    """Has the driver take the disk anew: after a start from a saved state it has another size and other content."""
    device = (Path("/sys/block") / Path(disk(serial)).name / "device").resolve().name
    driver = Path("/sys/bus/virtio/drivers/virtio_blk")
    (driver / "unbind").write_text(device, encoding="ascii")
    (driver / "bind").write_text(device, encoding="ascii")
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

    for old in DISK.iterdir():
        if old.name != "lost+found":
            shutil.rmtree(old)
    LOWER.mkdir(mode=0o755)
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
    fresh = READY.with_name("ready.new")
    fresh.write_text(json.dumps({"upper": name}), encoding="ascii")
    os.sync()
    fresh.replace(READY)
    os.sync()


def upper() -> Path:
    """The layer that is in use."""
    return DISK / str(json.loads(READY.read_text("ascii"))["upper"])


def new_upper(name: str) -> Path:
    """An empty upper layer, owned as the lower one is."""
    made = DISK / name
    made.mkdir(mode=0o755)
    owner = LOWER.stat()
    os.chown(made, owner.st_uid, owner.st_gid)
    made.with_name(f"{name}.work").mkdir()
    return made


def show(layer_in_use: Path) -> None:
    """Mounts the overlay at its place; what was mounted there is out of sight."""
    os.makedirs(PLACE, exist_ok=True)
    if os.path.ismount(PLACE):
        kernel.unmount(PLACE)
    work = layer_in_use.with_name(f"{layer_in_use.name}.work")
    kernel.mount("workspace", PLACE, "overlay", f"lowerdir={LOWER},upperdir={layer_in_use},workdir={work},{OPTIONS}")


def leave() -> None:
    """Before the machine ends. What still runs loses the place, not the files."""
    for place in (PLACE, str(DISK)):
        if os.path.ismount(place):
            os.sync()
            kernel.unmount(place)


def write_changes(end: int, most: int, largest: int) -> None:
    """The upper layer as a tar stream of at most so many bytes."""
    from . import layer

    with open(end, "wb", closefd=False) as stream:
        layer.pack(upper(), stream, most, largest)


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
    in_use(new.name)
    show(new)
    discard(old)


def discard(layer_out_of_use: Path) -> None:
    """Removes a layer and what the kernel keeps beside it."""
    import shutil

    for folder in (layer_out_of_use, layer_out_of_use.with_name(f"{layer_out_of_use.name}.work")):
        shutil.rmtree(folder, ignore_errors=True)


def network(request: dict[str, Any]) -> None:
    """Where names are asked, when there is a network at all."""
    names = "nameserver 10.0.2.3\n" if os.path.exists("/sys/class/net/eth0") else ""
    with open("/etc/resolv.conf.new", "w", encoding="ascii") as file:
        file.write(names)
    os.replace("/etc/resolv.conf.new", "/etc/resolv.conf")
    host = str(request.get("hostname") or "sandbox")
    with open("/proc/sys/kernel/hostname", "w", encoding="ascii") as file:
        file.write(host)
    with open("/etc/hosts", "w", encoding="ascii") as file:
        file.write(f"127.0.0.1 localhost {host}\n::1 localhost\n")
