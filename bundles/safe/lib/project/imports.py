"""What a program of Python's imports, as the files that this may mean; and what it takes for a known module."""

from __future__ import annotations

import os
import posixpath
import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STARTS = rb"""(?:^|[;:"'])[ \t]*"""
_REST = rb"(?:[^\n;#\\]|\\\r?\n)+"
_NAME = rb"[\w.\x80-\xff]"
IMPORT = re.compile(_STARTS + rb"import[ \t]+(" + _REST + rb")", re.MULTILINE)
FROM = re.compile(
    _STARTS
    + rb"from[ \t]*("
    + _NAME
    + rb"+)[ \t]+import[ \t]*(\((?:#[^\n]{0,300}\n|[^()#]){0,4000}\)|"
    + _REST
    + rb")",
    re.MULTILINE,
)
CALL = re.compile(
    rb"(?:import_module|__import__|find_spec|run_module|importorskip|import_string|resolve_name|load_module)"
    rb"\(\s*[\"'](" + _NAME + rb"+)"
)
COMMENT = re.compile(rb"#[^\n]*")
# A program that gives names to what is known of a project, and does nothing: no other language, and no coding of the
# text, finds a command in it.
_VALUE = (
    rb"""u?(?:"(?:[\w .,:;/@+()<>'&!?~*%=-]|\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}))*\""""
    rb"""|'(?:[\w .,:;/@+()<>"&!?~*%=-]|\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}))*')|[0-9][\w.]*"""
)
_TOLD = (
    rb"__(?:version|title|name|summary|description|url|uri|build|author|author_email|maintainer|license|copyright|date"
    rb"|status|release|credits|cake)__"
)
_REMARK = rb"[ \t]*(?:#(?![^\n]*coding)[^\r\f\v\0\n]*)?"
VALUES = re.compile(rb"(?:(?:" + _TOLD + rb"[ \t]*=[ \t]*(?:" + _VALUE + rb"))?" + _REMARK + rb"\r?\n)*\Z")
# Folders that a program adds to those it looks for modules in.
ADDS = re.compile(rb"\bsys\.path\b[^\n]{0,500}")
QUOTED = re.compile(rb"[\"']([\w./-]{1,200})[\"']")
# Where a project's modules may be, if not at its top.
TOPS = (b"src", b"lib", b"python")
# Folders of what helps tests and tools.
HELPS = re.compile(rb"(?:test|spec|tool|script|helper|fixture|build|plugin)s?/|(?:test|tool|script)s?$", re.IGNORECASE)


def places(path: bytes, text: bytes) -> Iterator[bytes]:
    """The files that a program imports, wherever they may be; each package on the way is run as well."""
    if not (path.endswith((b".py", b".pyw")) or b"python" in text):
        return
    if path.rpartition(b"/")[2] == b"conftest.py":
        # pytest takes it for a part of the package that its folder is.
        yield from (_below(above, b"__init__.py") for above in _folders(path))
    added = [each.strip(b"/") for line in ADDS.findall(text) for each in QUOTED.findall(line)]
    for name in dict.fromkeys(_names(text)):
        yield from of_name(path, name, added)


def of_name(path: bytes, name: bytes, added: Sequence[bytes] = ()) -> Iterator[bytes]:
    """The files that a module's name may mean in a file; with leading dots, from the folder of that.

    `added` are folders, from the file's own or one above it, that are looked in as well.
    """
    level = len(name) - len(name.lstrip(b"."))
    folders = _folders(path)
    more = [posixpath.normpath(_below(above, each)) for above in folders for each in added]
    for base in folders[level - 1 : level] if level else dict.fromkeys((*folders, *TOPS, *more)):
        here = base
        if level:
            yield _below(here, b"__init__.py")
        for part in filter(None, name.split(b".")):
            here = _below(here, part)
            yield from (here + b".py", here + b"/__init__.py")
        yield here + b"/__main__.py"


def is_helper(path: bytes, place: bytes) -> bool:
    """Whether a file that the settings of tests or tools import is theirs, and not what they are about."""
    folders = path.split(b"/")[:-1]
    first = next((depth for depth, name in enumerate(folders, 1) if HELPS.search(name)), len(folders))
    own = b"/".join(folders[:first])
    return (bool(own) and place.startswith(own + b"/")) or b"/" not in place or HELPS.search(place) is not None


def tells_only(path: bytes, text: bytes) -> bool:
    """Whether a file is a program of Python's that says what version a project has, or the like, and runs nothing."""
    return path.endswith(b".py") and len(text) <= 16384 and VALUES.match(text) is not None


def shadowing(parts: list[str], *, link: bool) -> str | None:
    """The folder in which a path, by its folded components, stands for a module that all programs there may import.

    A link may lead to a package's folder, and is the package of its own name then.
    """
    *folder, name = parts
    if link and is_known(name):
        return "/".join(folder)
    if name.partition(".")[0] == "__init__" and folder:
        *folder, name = (*folder[:-1], f"{folder[-1]}.py")
    return "/".join(folder) if name.endswith(".py") and is_known(name[:-3]) else None


def is_known(name: str) -> bool:
    """Whether Python, or a tool that is started with it, has a module of this folded name."""
    return name in known() or name.startswith("_sysconfigdata")


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """The names in modules.txt: Python's own modules, and tools that are started as modules."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules.txt")
    with open(place, encoding="ascii") as file:
        return frozenset(word for line in file if not line.startswith("#") for word in line.lower().split())


def _names(text: bytes) -> Iterator[bytes]:
    for match in IMPORT.finditer(text):
        yield from _listed(match[1])
    for match in FROM.finditer(text):
        dot = b"" if match[1].endswith(b".") else b"."
        yield from (match[1] + dot + name for name in (b"", *_listed(COMMENT.sub(b"", match[2]).strip(b"()"))))
    yield from (match[1] for match in CALL.finditer(text))


def _listed(text: bytes) -> Iterator[bytes]:
    """`a as b, c.d`: the names before `as`."""
    for one in text.replace(b"\\", b" ").split(b","):
        if words := one.split():
            yield words[0].strip(b"\"'")


def _folders(path: bytes) -> list[bytes]:
    """The folder of a file, and those above it."""
    parts = path.split(b"/")[:-1]
    return [b"/".join(parts[:depth]) for depth in range(len(parts), -1, -1)]


def _below(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name
