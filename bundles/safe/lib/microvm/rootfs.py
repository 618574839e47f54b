"""The root image: from a tar of an image's files to an ext4 file system, without root and without a mount.

mkfs.ext4 copies a folder with the owners that it finds, and in an ordinary user's folder everything is the user's. So
each file is unpacked with a number of ours as its time of change; mkfs writes that into the file's inode, and there we
find it again and put in what the tar says: owner, group, mode and the real time.
"""

from __future__ import annotations

import os
import shutil
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import programs
from .failure import USAGE, Failure

UUID = "6d696372-6f76-4d00-8000-000000000001"
FEATURES = "^has_journal,^metadata_csum,^resize_inode,^orphan_file,^dir_index"
TIME = 1_000_000_000
"""The time that mkfs thinks it is; our numbers begin above it."""


@dataclass(frozen=True)
class Meta:
    """What an inode gets."""

    mode: int
    uid: int
    gid: int
    time: int


def make(tar: Path, image: Path, size: int, scratch: Path) -> None:
    """Writes the image. `scratch` is an empty folder on a disk with room."""
    tree = scratch / "tree"
    tree.mkdir(mode=0o700)
    metas = unpack(tar, tree)
    try:
        with image.open("wb") as file:
            file.truncate(size)
        mkfs(image, "-d", str(tree), "-O", FEATURES, label="root")
    except Failure as failure:
        why = f"{failure.why} ({image.name} has {size} bytes)"
        raise Failure("the root image could not be made", why, "give it more with --size") from None
    finally:
        remove(tree)
    with image.open("r+b") as file:
        own(file, metas)


def mkfs(image: Path, *options: str, label: str) -> None:
    """An ext4 file system in a file, with nothing random in it."""
    extended = f"hash_seed={UUID},root_owner=0:0,lazy_itable_init=1,nodiscard"
    words = ("mkfs.ext4", "-q", "-F", "-m", "0", "-U", UUID, "-L", label, "-E", extended, *options, str(image))
    programs.run(*words, env={"E2FSPROGS_FAKE_TIME": str(TIME), "SOURCE_DATE_EPOCH": str(TIME)})


def remove(tree: Path) -> None:
    """Takes away a tree of ours."""
    shutil.rmtree(tree, ignore_errors=True)


def unpack(tar: Path, tree: Path) -> list[Meta]:
    """Unpacks below the tree; what an entry shall get stands in the list at the number that is its time less TIME."""
    metas: list[Meta] = [Meta(0o755, 0, 0, TIME)]
    folders: list[tuple[Path, int]] = [(tree, TIME)]
    try:
        with tarfile.open(tar, mode="r:*") as archive:
            for member in archive:
                path = target(tree, member.name)
                if path is None or not (member.isdir() or member.isreg() or member.issym() or member.islnk()):
                    continue
                number = TIME + len(metas)
                if place(archive, member, tree, path, number):
                    metas.append(Meta(member.mode & 0o1777, member.uid, member.gid, int(member.mtime)))
                    if member.isdir():
                        folders.append((path, number))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Failure(f"{tar} cannot be unpacked", str(error), "export the image anew", USAGE) from None
    # What was put into a folder changed its time.
    for path, number in folders:
        os.utime(path, (number, number))
    return metas


def target(tree: Path, name: str) -> Path | None:
    """Where an entry goes; None for the root itself. Raises Failure when it would lead out of the tree."""
    words = [word for word in name.split("/") if word not in ("", ".")]
    if ".." in words:
        raise Failure("the image's tar has a path that leads out of it", repr(name), "export the image anew", USAGE)
    path = tree
    for word in words[:-1]:
        path = path / word
        if not path.exists() and not path.is_symlink():
            path.mkdir(mode=0o700)
            os.utime(path, (TIME, TIME))
        if path.is_symlink() or not path.is_dir():
            raise Failure("the image's tar has a file below what is no folder", repr(name), code=USAGE)
    return path / words[-1] if words else None


def place(archive: tarfile.TarFile, member: tarfile.TarInfo, tree: Path, path: Path, number: int) -> bool:
    """Writes one entry; whether it has an inode of its own."""
    if member.isdir():
        path.mkdir(mode=0o700, exist_ok=True)
        return True
    if path.is_symlink() or path.exists():
        path.unlink()
    if member.islnk():
        source = target(tree, member.linkname)
        if source is not None:
            os.link(source, path, follow_symlinks=False)
        return False
    if member.issym():
        path.symlink_to(member.linkname)
    else:
        content = archive.extractfile(member)
        with path.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            if content:
                shutil.copyfileobj(content, file, 1 << 20)
    os.utime(path, (number, number), follow_symlinks=False)
    return True


def own(image: BinaryIO, metas: list[Meta]) -> None:
    """Gives each inode what belongs to it. The file system has no check sums, so nothing else changes."""
    for offset in inodes(image):
        image.seek(offset)
        inode = bytearray(image.read(160))
        (mode, links) = struct.unpack_from("<H", inode, 0)[0], struct.unpack_from("<H", inode, 26)[0]
        number = struct.unpack_from("<I", inode, 16)[0] - TIME
        if not mode or not links:
            continue
        # What has no number of ours is mkfs's own, or a folder that the tar does not name.
        meta = metas[number] if 0 < number < len(metas) else metas[0]
        kind = mode & 0o170000
        permissions = meta.mode if 0 < number < len(metas) or kind == 0o040000 else mode & 0o777
        struct.pack_into("<HH", inode, 0, kind | permissions, meta.uid & 0xFFFF)
        struct.pack_into("<III", inode, 8, *[max(meta.time, 0) & 0xFFFFFFFF] * 3)
        struct.pack_into("<H", inode, 24, meta.gid & 0xFFFF)
        struct.pack_into("<HH", inode, 120, meta.uid >> 16, meta.gid >> 16)
        # The parts of a second, and when it was made.
        struct.pack_into("<IIIII", inode, 132, 0, 0, 0, TIME, 0)
        image.seek(offset)
        image.write(inode)


def inodes(image: BinaryIO) -> Iterator[int]:
    """Where each inode of the file system lies, by its superblock and group descriptors."""
    image.seek(1024)
    block = image.read(1024)
    count, size, per_group = (struct.unpack_from("<I", block, at)[0] for at in (0, 24, 40))
    inode_size, descriptor = struct.unpack_from("<H", block, 88)[0], struct.unpack_from("<H", block, 254)[0]
    wide = bool(struct.unpack_from("<I", block, 96)[0] & 0x80)
    step, block_size = (descriptor if wide else 32), 1024 << size
    table = block_size if block_size > 1024 else 2048
    for group in range(-(-count // per_group)):
        image.seek(table + group * step)
        entry = image.read(step)
        start: int = struct.unpack_from("<I", entry, 8)[0]
        if wide:
            start |= struct.unpack_from("<I", entry, 40)[0] << 32
        for index in range(per_group):
            # The first ten are the file system's own; the second of these is the root.
            if group or index >= 10 or index == 1:
                yield start * block_size + index * inode_size
