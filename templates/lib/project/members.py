"""The members of a tar, read as strictly as one program writes them: the agent of a microVM, by Python's own library.

A general reader knows a dozen dialects, of which this stream has none: sparse files, sizes in a second place, numbers
in another base. What is not of the one shape is refused, with what is wrong with it; and nothing that a header says is
believed beyond the limits, so that no number in it costs time or memory.
"""

from __future__ import annotations

from project import limits
from project.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

BLOCK = 512
FILE, HARD_LINK, LINK, CHARACTER, DEVICE, FOLDER, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
EXTENDED = b"x"
OPAQUE = b"SCHILY.xattr.trusted.overlay.opaque"
# A file that the guest's agent found too large to send.
LARGE = b"GEN.large"
# Owners and times are not believed; what they say is read over.
KEYS = frozenset((b"path", b"linkpath", OPAQUE, LARGE, b"GEN.socket", b"hdrcharset", b"mtime", b"uid", b"gid"))


class Unsound(Failure):
    """What is wrong with the stream."""

    def __init__(self, why: str) -> None:
        super().__init__("what the microVM sent of its changes is not what its agent sends", why, "try again")


class Member:
    """One entry. `words` are the names of its path; its content can be read until the next one is asked for."""

    __slots__ = ("device", "extended", "kind", "mode", "size", "target", "words")

    def __init__(self, header: bytes, extended: dict[bytes, bytes]) -> None:
        self.kind, self.extended = header[156:157], extended
        self.mode, self.size = _octal(header[100:108]), _octal(header[124:136])
        self.device = (_octal(header[329:337]), _octal(header[337:345]))
        if self.kind not in (FILE, HARD_LINK, LINK, CHARACTER, DEVICE, FOLDER, FIFO):
            raise Unsound(f"an entry of the kind {self.kind!r}")
        if self.size > (limits.FILE_BYTES if self.kind == FILE else 0):
            raise Unsound(f"an entry of {self.size} bytes")
        path = extended.get(b"path", _text(header[:100]))
        self.words = _words(path[:-1] if self.kind == FOLDER and path.endswith(b"/") else path)
        self.target = extended.get(b"linkpath", _text(header[157:257]))
        if self.kind == LINK and not self.target:
            raise Unsound("a link to nowhere")
        if not extended.get(LARGE, b"0").isdigit() or len(extended.get(LARGE, b"")) > 18:
            raise Unsound("a size that is no number")


class Members:
    """The members of a stream, in its order: each folder before what is in it, by name, and nothing twice."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.left = stream, 0

    def __iter__(self) -> Iterator[Member]:
        last: tuple[bytes, ...] = ()
        folder = True
        while (header := self._header()) is not None:
            extended: dict[bytes, bytes] = {}
            if header[156:157] == EXTENDED:
                extended = _extended(self._take(_bounded(header)))
                header = self._header()
                if header is None:
                    raise Unsound("it ends within an entry")
            member = Member(header, extended)
            if member.words <= last or (not folder and member.words[: len(last)] == last):
                raise Unsound("entries out of their order")
            last, folder = member.words, member.kind == FOLDER
            self.left = _padded(member.size)
            yield member
            self._skip()
        if any(self._exactly(BLOCK)):
            raise Unsound("something behind its end")
        # Whoever writes the other end must not be left with a pipe that nobody reads; it is filled up with zeros.
        for _ in range(limits.TAIL_BLOCKS):
            if not self.stream.read(BLOCK):
                return
        raise Unsound("something behind its end")

    def content(self, member: Member) -> bytes:
        """The content of the member that was given last; it is read once."""
        if self.left != _padded(member.size):
            raise Unsound("a content that was read before")
        return self._take(member.size)

    def _take(self, size: int) -> bytes:
        self.left = 0
        return self._exactly(_padded(size))[:size]

    def _skip(self) -> None:
        while self.left:
            self.left -= len(self._exactly(min(self.left, 1 << 20)))

    def _exactly(self, size: int) -> bytes:
        found = self.stream.read(size)
        if len(found) != size:
            raise Unsound("it ends too early")
        return found

    def _header(self) -> bytes | None:
        """The next header; none at the end, which is a block of zeros."""
        header = self._exactly(BLOCK)
        if not any(header):
            return None
        if header[257:265] != b"ustar\x0000" or any(header[345:]):
            raise Unsound("a header of another shape")
        if _octal(header[148:155]) != sum(header[:148]) + sum(header[156:]) + 8 * 32:
            raise Unsound("a header that is damaged")
        return header


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _bounded(header: bytes) -> int:
    size = _octal(header[124:136])
    if size > limits.HEADER_BYTES:
        raise Unsound(f"a header of {size} bytes")
    return size


def _octal(field: bytes) -> int:
    """A number that fills its field, or nothing at all."""
    digits = field[:-1]
    if not any(field):
        return 0
    if field[-1:] not in (b"\0", b" ") or digits.strip(b"01234567"):
        raise Unsound("a number of another shape")
    return int(digits, 8)


def _text(field: bytes) -> bytes:
    text, _, rest = field.partition(b"\0")
    if any(rest):
        raise Unsound("a name with something behind its end")
    return text


def _words(path: bytes) -> tuple[bytes, ...]:
    words = tuple(path.split(b"/"))
    if len(path) > limits.PATH_BYTES or any(len(word) > limits.NAME_BYTES for word in words):
        raise Unsound("a name that is too long")
    if any(word in (b"", b".", b"..") for word in words):
        raise Unsound("a path that no folder has")
    return words


def _extended(content: bytes) -> dict[bytes, bytes]:
    """The records of an extended header: `LENGTH KEY=VALUE` and a line feed, one behind the other."""
    found: dict[bytes, bytes] = {}
    while content:
        digits = content[:8].partition(b" ")[0]
        length = int(digits) if digits.isdigit() else 0
        record = content[len(digits) + 1 : length]
        key, equals, value = record[:-1].partition(b"=")
        if not equals or record[-1:] != b"\n" or length > len(content) or b"\0" in record:
            raise Unsound("an extended header of another shape")
        if key not in KEYS or key in found or len(value) > limits.PATH_BYTES:
            raise Unsound("an extended header that nobody writes")
        found[key] = value
        content = content[length:]
    return found
