"""What git waits for, or reads without an end, where it looks for its own files: pipes, devices, what is too large.

Git opens whatever has such a name. To look for them all takes a walk, so that it is made when git does not answer, and
a short one before anything is built.
"""

from __future__ import annotations

import os
import shlex
import stat

from project import words
from project.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What git reads of a folder, and of a git folder below one: it opens that to see whether it is one.
NAMES = (b".gitignore", b".git")
OF_GIT = (b"HEAD", b"commondir", b"config", b"gitdir")
# Git itself leaves out a larger list, in its newer versions.
LARGEST = 100 * 1024**2
# Names that are looked at before anything is built.
AHEAD = 20_000
KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def refuse(project: bytes, top: bytes | None = None, most: int | None = None) -> None:
    """Refuses a project with such a file; `top` is that of the repository it is in. With `most`, only looks so far.

    What a link leads to is only looked at where git does not answer: newer ones follow none.
    """
    for path in _places(project, top or project, most):
        what = _wrong(path, links=most is None)
        if what:
            shown = words.path(path)
            raise Failure(
                f"git cannot read {shown}", f"It is {what}.", f"rm {shlex.quote(shown)}, or make a file of it", 4
            )


def _wrong(path: bytes, links: bool) -> str:
    try:
        found = os.stat(path) if links else os.lstat(path)
    except OSError:
        return ""
    if stat.S_ISREG(found.st_mode):
        return "far too large" if found.st_size > LARGEST else ""
    if found.st_rdev == os.stat(os.devnull).st_rdev:
        return ""
    return KINDS.get(stat.S_IFMT(found.st_mode), "")


def _places(project: bytes, top: bytes, most: int | None) -> Iterator[bytes]:
    """The files that git may open, from the top of the repository to the end of the project."""
    above = os.path.dirname(project)
    while project != top and above.startswith(top):
        yield os.path.join(above, b".gitignore")
        above = os.path.dirname(above) if above != top else b""
    waiting, left = [project], most
    while waiting and (left is None or left > 0):
        folder = waiting.pop(0)
        try:
            with os.scandir(folder) as entries:
                listed = list(entries)
        except OSError:
            continue
        left = None if left is None else left - len(listed)
        for entry in listed:
            if entry.name in NAMES:
                yield from _of(entry)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)


def _of(entry: os.DirEntry[bytes]) -> Iterator[bytes]:
    if entry.name == b".git" and entry.is_dir():
        yield from (os.path.join(entry.path, name) for name in OF_GIT)
    elif entry.name != b".git":
        yield entry.path
