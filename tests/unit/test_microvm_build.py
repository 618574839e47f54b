"""What a microVM starts from: the root image and the initial file system, made by an ordinary user's means."""

from __future__ import annotations

import io
import lzma
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from microvm import build, cpio, packages, rootfs, start
from microvm.failure import Failure

MIB = 1 << 20
mkfs = pytest.mark.skipif(
    not (shutil.which("mkfs.ext4") or Path("/sbin/mkfs.ext4").exists()), reason="there is no mkfs.ext4"
)

ENTRIES = (
    # name, type, content or target, mode, uid, gid, time
    ("usr", tarfile.DIRTYPE, b"", 0o755, 0, 0, 1),
    ("usr/bin/su", tarfile.REGTYPE, b"program", 0o4755, 0, 0, 1_700_000_000),
    ("tmp", tarfile.DIRTYPE, b"", 0o1777, 0, 0, 2),
    ("home/agent", tarfile.DIRTYPE, b"", 0o700, 1000, 1001, 3),
    ("home/agent/big number", tarfile.REGTYPE, b"x" * 5000, 0o640, 100_000, 70_000, 4),
    ("home/agent/odd\nname \udcff", tarfile.REGTYPE, b"", 0o600, 1000, 1000, 5),
    ("home/agent/link", tarfile.SYMTYPE, b"/etc/passwd", 0o777, 1000, 1000, 6),
    ("home/agent/hard", tarfile.LNKTYPE, b"usr/bin/su", 0o755, 0, 0, 7),
    ("dev/null", tarfile.CHRTYPE, b"", 0o666, 0, 0, 8),
    ("dev/pipe", tarfile.FIFOTYPE, b"", 0o666, 0, 0, 8),
)


def write(path: Path, *entries: tuple[str, bytes, bytes, int, int, int, int]) -> Path:
    """A tar with these entries."""
    with tarfile.open(path, "w") as tar:
        for name, kind, content, mode, uid, gid, time in entries:
            member = tarfile.TarInfo(f"./{name}")
            member.type, member.mode, member.uid, member.gid, member.mtime = kind, mode, uid, gid, time
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                member.linkname = content.decode()
            member.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(member, io.BytesIO(content))
    return path


def stat_of(image: Path, path: str) -> tuple[str, str, str, str]:
    """Mode, owner, group and links of a file in an image."""
    done = subprocess.run(("/sbin/debugfs", "-R", f'stat "{path}"', image), capture_output=True, text=True, check=True)
    found = re.search(r"Mode:\s+(\d+).*?User:\s+(\d+)\s+Group:\s+(\d+).*?Links: (\d+)", done.stdout, re.DOTALL)
    assert found, done.stdout + done.stderr
    return found[1], found[2], found[3], found[4]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The root image of the entries above."""
    rootfs.make(write(tmp_path / "tar", *ENTRIES), tmp_path / "image", 16 * MIB, tmp_path)
    return tmp_path / "image"


@mkfs
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", ("0755", "0", "0", "7")),
        ("/usr/bin", ("0755", "0", "0", "2")),
        ("/usr/bin/su", ("0755", "0", "0", "2")),
        ("/tmp", ("01777", "0", "0", "2")),  # noqa: S108
        ("/home/agent", ("0700", "1000", "1001", "2")),
        ("/home/agent/big number", ("0640", "100000", "70000", "1")),
        ("/home/agent/link", ("0777", "1000", "1000", "1")),
        ("/home/agent/hard", ("0755", "0", "0", "2")),
    ],
)
def test_each_file_has_the_owner_and_mode_that_the_tar_says(
    image: Path, path: str, expected: tuple[str, str, str, str]
) -> None:
    assert stat_of(image, path) == expected


@mkfs
def test_the_image_is_sound_has_no_devices_and_has_what_the_files_hold(image: Path) -> None:
    subprocess.run(("/sbin/e2fsck", "-fn", image), check=True, capture_output=True)
    listed = subprocess.run(("/sbin/debugfs", "-R", "ls -p /dev", image), capture_output=True, text=True, check=True)
    assert re.findall(r"/\d+/\d+/\d+/\d+/([^/]+)/", listed.stdout) == [".", ".."]
    said = subprocess.run(("/sbin/debugfs", "-R", "cat /usr/bin/su", image), capture_output=True, check=True)
    assert said.stdout == b"program"


@mkfs
def test_the_same_tar_is_the_same_image(tmp_path: Path) -> None:
    images = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        rootfs.make(write(folder / "tar", *ENTRIES), folder / "image", 16 * MIB, folder)
        images.append((folder / "image").read_bytes())
    assert images[0] == images[1]


REFUSED = {
    "leads out": (("../evil", tarfile.REGTYPE, b"", 0o644, 0, 0, 0),),
    "below what is no folder": (
        ("link", tarfile.SYMTYPE, b"/etc", 0o777, 0, 0, 0),
        ("link/evil", tarfile.REGTYPE, b"", 0o644, 0, 0, 0),
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_tar_that_reaches_beyond_its_tree_is_refused(tmp_path: Path, why: str) -> None:
    with pytest.raises(Failure, match="the image's tar"):
        rootfs.make(write(tmp_path / "tar", *REFUSED[why]), tmp_path / "image", 16 * MIB, tmp_path)


@mkfs
def test_an_image_that_is_too_small_says_what_mends_it(tmp_path: Path) -> None:
    tar = write(tmp_path / "tar", ("big", tarfile.REGTYPE, b"x" * (9 * MIB), 0o644, 0, 0, 0))
    with pytest.raises(Failure) as failure:
        rootfs.make(tar, tmp_path / "image", 4 * MIB, tmp_path)
    assert failure.value.mend == "give it more with --size"


def test_an_image_without_python_is_no_guest(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no python3"):
        build.check(write(tmp_path / "tar", *ENTRIES))


def test_an_archive_is_what_cpio_reads_and_the_same_each_time(tmp_path: Path) -> None:
    entries = {"init": b"#!/bin/sh\n", "bin/sh": cpio.Link("busybox"), "empty": None, "a/b/c": b"odd length"}
    data = cpio.archive(entries)
    assert data == cpio.archive(entries)
    if shutil.which("cpio"):
        subprocess.run(("cpio", "-id", "--quiet"), input=data, cwd=tmp_path, check=True)
        assert (tmp_path / "a/b/c").read_bytes() == b"odd length"
        assert (tmp_path / "bin/sh").readlink() == Path("busybox")
    names = [name.decode() for name in re.findall(rb"(?<=\0)?07070[1][0-9A-F]{104}([^\0]+)\0", data)]
    assert names == ["init", "bin", "bin/sh", "empty", "a", "a/b", "a/b/c", "TRAILER!!!"]


def modules(folder: Path, needs: dict[str, str], built_in: str = "") -> Path:
    """Fake modules that only say what they depend on."""
    folder.mkdir()
    for name, others in needs.items():
        content = b"\x7fELF\0depends=" + others.encode() + b"\0"
        packed = name.endswith(".xz")
        (folder / name).write_bytes(lzma.compress(content) if packed else content)
    (folder / "modules.builtin").write_text(built_in, encoding="utf-8")
    return folder


NEEDS = {
    "virtio.ko": "virtio_ring", "virtio_ring.ko": "", "virtio-pci.ko": "virtio_ring,virtio", "virtio_mmio.ko": "virtio",
    "virtio_blk.ko.xz": "virtio", "virtio_console.ko": "virtio", "virtio_net.ko": "net-failover,virtio",
    "net_failover.ko": "", "overlay.ko": "",
}  # fmt: skip


def test_a_module_comes_after_what_it_needs(tmp_path: Path) -> None:
    names = list(packages.modules_in_order(modules(tmp_path / "m", NEEDS)))
    assert names == [
        "virtio_ring", "virtio", "virtio_pci", "virtio_mmio", "virtio_blk", "virtio_console", "net_failover",
        "virtio_net", "overlay",
    ]  # fmt: skip


def test_what_the_kernel_has_built_in_is_not_loaded(tmp_path: Path) -> None:
    needs = {name: words for name, words in NEEDS.items() if name != "overlay.ko"}
    folder = modules(tmp_path / "m", needs, built_in="kernel/fs/overlayfs/overlay.ko\n")
    assert "overlay" not in packages.modules_in_order(folder)
    with pytest.raises(Failure, match="no module overlay"):
        packages.modules_in_order(modules(tmp_path / "n", needs))


def test_a_project_that_the_guest_would_cut_names_of_is_refused(tmp_path: Path) -> None:
    tar = tmp_path / "tar"
    for form, refused in ((tarfile.GNU_FORMAT, False), (tarfile.PAX_FORMAT, True)):
        with tarfile.open(tar, "w", format=form) as made:
            made.addfile(tarfile.TarInfo("a"))
            made.addfile(tarfile.TarInfo("long" * 60))
        if refused:
            with pytest.raises(Failure, match="PAX"):
                start.check_project(tar)
        else:
            start.check_project(tar)
    tar.write_bytes(b"no tar" * 1000)
    with pytest.raises(Failure, match="is no tar"):
        start.check_project(tar)
