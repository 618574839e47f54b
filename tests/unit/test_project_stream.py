"""The changes that a microVM's agent sends: what it writes is read, and all else is refused, in one sentence."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from microvm.guest import layer as guest
from project import limits, stream
from project.failure import Failure
from project.layer import Item
from project.members import OPAQUE, Unsound

from tests.unit.copying import PROGRAM, Copy, program
from tests.unit.isolated import PYTHON

MIB = 1 << 20


def member(
    name: str, content: bytes = b"x\n", kind: bytes = tarfile.REGTYPE, **pax: str
) -> tuple[tarfile.TarInfo, bytes]:
    """As the guest's agent makes one."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.pax_headers = kind, len(content), {key.replace("__", "."): pax[key] for key in pax}
    return info, content


def sparse(name: str, map_: bytes, real: str) -> tuple[tarfile.TarInfo, bytes]:
    """A sparse file of GNU's format 1.0."""
    headers = {"major": "1", "minor": "0", "name": name, "realsize": real}
    content = map_.ljust(512, b"\0") + b"x"
    return member(name, content, **{f"GNU__sparse__{key}": value for key, value in headers.items()})


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as writer:
        for info, content in members:
            writer.addfile(info, io.BytesIO(content))
    return out.getvalue()


def read(data: bytes) -> list[tuple[bytes, str, int, bytes]]:
    """Everything in it: path, kind, size and content."""
    return [told(item) for item in stream.Tar(io.BytesIO(data))]


def told(item: Item) -> tuple[bytes, str, int, bytes]:
    return item.path, item.kind, item.size, item.read()[1] if item.read else b""


def test_what_the_agent_of_a_machine_packs_is_read(tmp_path: Path) -> None:
    (tmp_path / "d" / ("n" * 200)).mkdir(parents=True)
    (tmp_path / "d" / ("n" * 200) / "ü\n").write_bytes(b"x" * 700)
    (tmp_path / "d.x").write_bytes(b"")
    (tmp_path / os.fsdecode(b"\xff\xfe")).write_text("no UTF-8\n")
    (tmp_path / "d" / "link").symlink_to("t" * 300)
    (tmp_path / "hard").hardlink_to(tmp_path / "d.x")
    (tmp_path / "large").write_bytes(b"0" * 3000)
    os.mkfifo(tmp_path / "pipe")
    os.utime(tmp_path / "d.x", (-5, -5))
    out = io.BytesIO()
    guest.pack(str(tmp_path), out, 10 * MIB, 2000)
    long = b"d/" + b"n" * 200
    assert read(out.getvalue()) == [
        (b"d", "folder", 0, b""),
        (b"d/link", "link", 300, b"t" * 300),
        (long, "folder", 0, b""),
        (long + "/ü\n".encode(), "file", 700, b"x" * 700),
        (b"d.x", "file", 0, b""),
        (b"hard", "hard-link", 0, b""),
        (b"large", "large", 3000, b""),
        (b"pipe", "fifo", 0, b""),
        (b"\xff\xfe", "file", 9, b"no UTF-8\n"),
    ]


def test_what_is_gone_and_what_hides_the_rest() -> None:
    hides = member("d", b"", tarfile.DIRTYPE, **{OPAQUE.decode(): "y"})
    found = read(tar(member("a", b"", tarfile.CHRTYPE), hides, member("d/.git", b""), member("e", b"y")))
    assert [(path, kind) for path, kind, *_ in found] == [(b"a", "gone"), (b"d", "hidden"), (b"e", "file")]


def raw(change: int, value: bytes) -> bytes:
    """A stream with other bytes in its first header, whose checksum is right."""
    data = bytearray(tar(member("a")))
    data[change : change + len(value)] = value
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + sum(data[156:512]) + 8 * 32)
    return bytes(data)


REFUSED = {
    "a size without end": tar(member("e", size="9" * 20)),
    "a size below nothing": tar(member("e", size="-5")),
    "a path with a NUL": tar(member("n", path="nul\0n")),
    "a target with a NUL": tar(member("n", b"", tarfile.SYMTYPE, linkpath="a\0b")),
    "a sparse file": tar(sparse("s", b"1\n0\n1\n", "600000000")),
    "a sparse file of the wrong way round": tar(sparse("s", b"1\n-10\n1\n", "100")),
    "a size of 5000 digits": tar(member("l", b"", GEN__large="9" * 5000)),
    "a size of 19 digits": tar(member("l", b"", GEN__large="9" * 19)),
    "a link to nowhere": tar(member("l", b"", tarfile.SYMTYPE)),
    "a target that is too long": tar(member("l", b"", tarfile.SYMTYPE, linkpath="x" * 9000)),
    "a path that is too long": tar(member("/".join(["d" * 200] * 100))),
    "a name that is too long": tar(member("c" * 256)),
    "a path with nothing in it": tar(member("a//b")),
    "a path from the root": tar(member("/abs")),
    "a path with dots": tar(member("a/../b")),
    "the same path twice": tar(member("x"), member("x")),
    "something in a file": tar(member("x"), member("x/y")),
    "an order that no walk has": tar(member("b"), member("a")),
    "a folder with content": tar(member("d", b"x", tarfile.DIRTYPE)),
    "a dialect's number": raw(124, b"\x80" + b"\0" * 10 + b"\x05"),
    "a dialect's header": raw(257, b"ustar  \0"),
    "a dialect's kind": raw(156, b"S"),
    "a number that is none": raw(124, b"0000000000x\0"),
    "more than a file may have": raw(124, b"%011o\0" % (limits.FILE_BYTES + 1)),
    "a file in its prefix": raw(345, b"etc"),
    "a header that is damaged": b"b" + tar(member("a"))[1:],
    "no tar": b"#!/bin/sh\n" * 100,
    "nothing": b"",
    "half of it": tar(member("a", b"x" * 5000))[:3000],
    "something behind it": tar(member("a")) + b"\0" * MIB,
    "only headers": tar(member("a", GEN__other="y")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_agent_of_ours_sends_is_refused(name: str) -> None:
    with pytest.raises(Failure) as caught:
        read(REFUSED[name])
    assert caught.value.what == "what the microVM sent of its changes is not what its agent sends"
    assert caught.value.why.isprintable()


GOOD = tar(
    member("a", b"x" * 600),
    member("d", b"", tarfile.DIRTYPE),
    member("d/" + "n" * 150),
    member("e", b"", GEN__large="7"),
)
PIECES = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.sampled_from(
        [b"0", b"7", b"9", b"\0" * 512, b"\xff", b"/", b"..", b"99999999 path=x\n", b"x", b"S", b"L", b"g", b" ", b"\n"]
    ),
)
EDITS = st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 600), PIECES), min_size=1, max_size=4)


def sums(data: bytearray) -> None:
    """Mends the checksum of each block that could be a header, so that what stands in it is looked at."""
    for start in range(0, len(data) - 511, 512):
        if data[start + 257 : start + 262] == b"ustar":
            block = data[start : start + 512]
            data[start + 148 : start + 156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:]) + 8 * 32)


@settings(max_examples=1500, deadline=1000, suppress_health_check=[HealthCheck.too_slow])
@given(edits=EDITS, mended=st.booleans())
@example(edits=[(124, 12, b"77777777777\0")], mended=True)
def test_whatever_comes_is_read_or_refused(edits: Iterable[tuple[int, int, bytes]], mended: bool) -> None:
    data = bytearray(GOOD)
    for start, length, piece in edits:
        data[start : start + length] = piece * (1 + length // len(piece) if length % 2 else 1)
    if mended:
        sums(data)
    try:
        found = read(bytes(data))
    except Unsound:
        return
    paths = [path.split(b"/") for path, *_ in found]
    assert paths == sorted(paths)
    assert sum(len(content) for *_, content in found) <= len(data)
    assert not any(word in (b"", b".", b"..") or b"\0" in word for path in paths for word in path)


def test_no_number_in_a_header_costs_time_or_memory(tmp_path: Path) -> None:
    """Each of them, as a bundle reads it: within a few seconds, and within the memory of a small file."""
    copy = Copy(tmp_path, "plain")
    copy.write("a")
    copy.enter()
    command = (*PYTHON, PROGRAM / "__main__.py", "--state", copy.state, "commit", "--outside", "--tar", "-")

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (300 * MIB, 300 * MIB))
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))

    for name in ("a size without end", "a path with a NUL", "a sparse file", "a size of 5000 digits"):
        done = subprocess.run(command, input=REFUSED[name], capture_output=True, check=False, preexec_fn=small)
        assert (done.returncode, b"Traceback" in done.stderr) == (1, False), (name, done.stderr)
    # The next honest one is taken.
    done = program(copy.state, "commit", "--outside", "--tar", "-", stdin=tar(member("new")))
    assert (done.returncode, len(done.stdout)) == (0, 41), done.stderr


def test_a_list_of_what_was_seen_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "plain")
    copy.write("a")
    copy.enter()
    assert program(copy.state, "commit", "--outside", "--tar", "-", stdin=tar(member("new"))).returncode == 0
    seen = copy.state / "seen.list"
    seen.write_bytes(seen.read_bytes().replace(b"\0Pnew\0M", b"\0Pnew\0Mx\0Py\0M", 1))
    done = program(copy.state, "commit", "--outside", "--tar", "-", stdin=tar(member("new"), member("other")))
    assert (done.returncode, done.stderr) == (0, b"")
