"""An overlay's upper layer as a tar, and back: what was removed is a character device 0:0, as in the layer itself.

A folder that hides the one below has the PAX header SCHILY.xattr.trusted.overlay.opaque. What is too large to be of use
is a member without content with the header GEN.large, which has its size.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

OPAQUE = "trusted.overlay.opaque"
OPAQUE_HEADER = f"SCHILY.xattr.{OPAQUE}"
LARGE_HEADER = "GEN.large"


class TooMuch(OSError):
    """More than was asked for."""


def pack(top: str, stream: BinaryIO, most: int, largest: int) -> None:
    """Writes the layer. The sandbox may go on changing it: what vanishes is left out, what shrinks is filled up."""
    links: dict[tuple[int, int], str] = {}
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 16, errorlevel=2) as tar:
        for path in walk(os.fsencode(top)):
            name = os.fsdecode(path[len(os.fsencode(top)) + 1 :])
            try:
                add(tar, path, name, links, largest)
            except (FileNotFoundError, NotADirectoryError):
                continue
            if tar.offset > most:
                raise TooMuch(f"the changes are more than {most} bytes")


def walk(top: bytes) -> Iterator[bytes]:
    """Everything below, a folder before what is in it, by name. As deep as it may be: nothing is called again."""
    waiting = [top]
    while waiting:
        path = waiting.pop()
        if path != top:
            yield path
        try:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                waiting += sorted((os.path.join(path, name) for name in os.listdir(path)), reverse=True)
        except OSError:
            continue


def add(tar: tarfile.TarFile, path: bytes, name: str, links: dict[tuple[int, int], str], largest: int) -> None:
    """One member."""
    found = os.lstat(path)
    member = tarfile.TarInfo(name)
    member.mode, member.uid, member.gid = stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid
    member.mtime = int(found.st_mtime)
    if stat.S_ISREG(found.st_mode):
        add_file(tar, path, member, found, links, largest)
        return
    if stat.S_ISDIR(found.st_mode):
        member.type = tarfile.DIRTYPE
        if attribute(path, OPAQUE) == b"y":
            member.pax_headers = {OPAQUE_HEADER: "y"}
    elif stat.S_ISLNK(found.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.fsdecode(os.readlink(path))
    elif stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        member.type = tarfile.CHRTYPE if stat.S_ISCHR(found.st_mode) else tarfile.BLKTYPE
        member.devmajor, member.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
    else:
        # A tar has no sockets; both are only to be told of.
        member.type = tarfile.FIFOTYPE
        if stat.S_ISSOCK(found.st_mode):
            member.pax_headers = {"GEN.socket": "1"}
    tar.addfile(member)


def add_file(
    tar: tarfile.TarFile, path: bytes, member: tarfile.TarInfo, found: os.stat_result,
    links: dict[tuple[int, int], str], largest: int,
) -> None:  # fmt: skip
    """A regular file, or a link to one that was there before."""
    key = (found.st_dev, found.st_ino)
    if key in links:
        member.type, member.linkname = tarfile.LNKTYPE, links[key]
        tar.addfile(member)
    elif found.st_size > largest:
        member.pax_headers = {LARGE_HEADER: str(found.st_size)}
        tar.addfile(member)
    else:
        with open(path, "rb", opener=plainly) as file:
            member.size = os.fstat(file.fileno()).st_size
            if member.size > largest:
                raise FileNotFoundError(errno.ENOENT, "it grows")
            tar.addfile(member, Filled(file))  # type: ignore[arg-type]  # it is only read from
            if found.st_nlink > 1:
                links[key] = member.name


def plainly(path: str | bytes, flags: int) -> int:
    """Opens what may be swapped for something else meanwhile."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


class Filled:
    """A file that never ends too early: a tar says a file's size before its content."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """So many bytes."""
        return self._file.read(size).ljust(size, b"\0")


def attribute(path: bytes, name: str) -> bytes:
    """An extended attribute, empty when there is none."""
    try:
        return os.getxattr(path, name, follow_symlinks=False)
    except OSError:
        return b""


def unpack(stream: BinaryIO, folder: str) -> None:
    """Reads a layer into an empty folder that nobody else can reach."""
    top = Path(folder)
    with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 16) as tar:
        for member in tar:
            place(tar, member, top)


def place(tar: tarfile.TarFile, member: tarfile.TarInfo, top: Path) -> None:
    """One member, with its owner."""
    words = [word for word in member.name.split("/") if word not in ("", ".")]
    if ".." in words or not words:
        return
    path = top.joinpath(*words)
    if any(not stat.S_ISDIR(os.lstat(top.joinpath(*words[:depth])).st_mode) for depth in range(1, len(words))):
        raise OSError(f"{member.name}: what it lies in is no folder")
    if member.isdir():
        path.mkdir(exist_ok=True)
        if member.pax_headers.get(OPAQUE_HEADER) == "y":
            os.setxattr(path, OPAQUE, b"y")
    elif member.issym():
        os.symlink(member.linkname, path)
    elif member.islnk():
        os.link(top.joinpath(*member.linkname.split("/")), path, follow_symlinks=False)
        return
    elif member.ischr() and (member.devmajor, member.devminor) == (0, 0):
        os.mknod(path, stat.S_IFCHR | 0o000, 0)
    elif member.isfile():
        write_file(tar, member, path)
    else:
        return
    os.chown(path, member.uid, member.gid, follow_symlinks=False)
    if not member.issym():
        os.chmod(path, member.mode & 0o1777)
        os.utime(path, (member.mtime, member.mtime))


def write_file(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """A regular file's content."""
    source = tar.extractfile(member)
    with path.open("xb") as file:
        while source and (data := source.read(1 << 16)):
            file.write(data)
