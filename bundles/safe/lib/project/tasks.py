"""What of a text counts: not what runs only when somebody asks for it by name, until another text does so.

A recipe of make's, a task of pyproject.toml, a dependency that a workspace has for those who name it.
"""

from __future__ import annotations

import posixpath
import re

from project import spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Set

MAKE = re.compile(
    r"""(?:^|[\s"'`;|&(@/])(?:g?make|\$[({]MAKE[)}])(?=[\s"',]|$)(?=([^;&|\n]{0,200})([^;&|]{0,100}))""", re.MULTILINE
)
RULE = re.compile(rb"([^\s#:=][^:=#]*)::?([^=]*)$")
ASKED = re.compile(rb"^\t[ \t]*[@+-]{0,3}")
ALL, ANY, FIRST = "make:*", "make:%", "make:"
WORD = re.compile(r"[\w./%-]+")
# pre-commit: regular expressions of paths, which may go on below.
FOR = re.compile(rb"^([ \t]*(?:-[ \t]+)?)(?:exclude|files)[ \t]*:.*(?:\n\1[ \t]+[^\s-].*)*", re.MULTILINE)
SECTION = re.compile(rb"^[ \t]*\[+([^\[\]\n]*)\]", re.MULTILINE)
ENTRY = re.compile(rb"""^[ \t]*["']?([\w.:-]+)["']?[ \t]*=.*""", re.MULTILINE)
# Cargo: procedural macros, and dependencies of build scripts, by their folders or by their workspace's names for them.
CARGO = "cargo.toml"
MACROS = re.compile(rb"^[ \t]*proc[-_]macro[ \t]*=[ \t]*true", re.MULTILINE)
DEPENDS = re.compile(rb"""\bpath[ \t]*=[ \t]*["']([^"'\n]+)""")


def name_of(path: bytes) -> str:
    """A file's name, folded."""
    return spelling.folded(path.rpartition(b"/")[2])


def offers(path: bytes) -> bool:
    """Whether what counts of a file depends on what others ask for."""
    name = name_of(path)
    return is_makefile(name) or name in (CARGO, "pyproject.toml")


def is_makefile(name: str) -> bool:
    """Whether a folded name is that of a file of make's."""
    return name.startswith(("makefile", "gnumakefile", "bsdmakefile")) or name.endswith((".mk", ".mak"))


def counted(path: bytes, text: bytes, asked: Set[str]) -> bytes:
    """What of a text counts, where these names are asked for."""
    name = name_of(path)
    if name.startswith(".pre-commit-"):
        return FOR.sub(b"", text)
    if is_makefile(name):
        # What is indented by a blank is no recipe.
        return b"\n".join((text, *(ASKED.sub(b" ", line) for line in _recipes(text, asked))))
    if name == "pyproject.toml":
        tasks = (body for title, body in _sections(text) if title.endswith((b"scripts", b"tasks")))
        return b"\n".join((text, b"[task]", *(line for body in tasks for line in _asked(body, asked))))
    if name == CARGO:
        shared = (body for title, body in _sections(text) if title == b"workspace.dependencies")
        lines = tuple(
            line for body in shared for line in _asked(body, {each[6:] for each in asked if each.startswith("crate:")})
        )
        return b"\n".join((text, b"[build-dependencies]", *lines)) if lines else text
    return text


def targets(text: str) -> set[str]:
    """What make is asked for in a text, as `make:NAME`: all, where that cannot be known."""
    found: set[str] = set()
    for line, more in MAKE.findall(text):
        names = [word for word in WORD.findall(line) if not word.startswith("-")]
        found |= {ANY, ALL if "$" in line else FIRST if not names else ANY}
        found |= {f"make:{name}" for name in (*names, *WORD.findall(more))}
    return found


def _recipes(text: bytes, asked: Set[str]) -> Iterator[bytes]:
    """The lines of the recipes that are run where these targets are asked for, and of those that they need."""
    rules: dict[str, list[tuple[set[str], list[bytes]]]] = {}
    lines: list[bytes] = []
    for line in text.split(b"\n"):
        if line.startswith(b"\t"):
            lines.append(line)
        elif rule := RULE.match(line):
            names, needs = (
                {f"make:{word}" for word in part.decode("utf-8", "replace").split()} for part in rule.groups()
            )
            lines = []
            first = FIRST in rules or all(name.startswith("make:.") for name in names)
            for name in (*names, ALL, ANY if b"%" in rule[1] or b"$" in rule[1] else ALL, ALL if first else FIRST):
                rules.setdefault(name, []).append((needs, lines))
    todo = list(asked)
    while todo:
        for needs, lines in rules.pop(todo.pop(), ()):
            yield from lines
            todo += needs.union(*(targets(line.decode("utf-8", "replace")) for line in lines))
            lines.clear()


def asks(path: bytes, text: bytes, *, every: bool) -> set[str]:
    """The names of what lies elsewhere that a manifest asks for: Cargo's `crate:NAME`."""
    if name_of(path) != CARGO:
        return set()
    found: set[str] = set()
    every = every or MACROS.search(text) is not None
    for title, body in _sections(text):
        if _builds(title, every=every):
            lines = (match for match in ENTRY.finditer(body) if b"workspace" in match[0])
            found |= {"crate:" + line[1].partition(b".")[0].decode("utf-8", "replace") for line in lines}
            if b"workspace" in body and b"dependencies." in title:
                found.add("crate:" + title.rpartition(b".")[2].decode("utf-8", "replace"))
    return found


def crates(path: bytes, text: bytes, *, every: bool) -> Iterator[bytes]:
    """The folders of which the compiler runs what it has compiled: of macros, and of what builds with `build.rs`.

    `every` dependency is one, where the crate itself is.
    """
    if name_of(path) != CARGO:
        return
    every = every or MACROS.search(text) is not None
    found = [b"."] if every else []
    for title, body in _sections(text):
        found += DEPENDS.findall(body) if _builds(title, every=every) else []
    for folder in dict.fromkeys(found):
        place = posixpath.normpath(posixpath.join(path.rpartition(b"/")[0], folder))
        if place != b"." and not place.startswith((b"..", b"/")):
            yield place


def _builds(title: bytes, *, every: bool) -> bool:
    title = title.replace(b"_", b"-")
    return b"build-dependencies" in title or (every and b"dependencies" in title and b"workspace" not in title)


def _asked(body: bytes, asked: Set[str]) -> Iterator[bytes]:
    for match in ENTRY.finditer(body):
        if match[1].decode("utf-8", "replace").partition(".")[0] in asked:
            yield match[0]


def _sections(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The sections of TOML, each with its title."""
    found = list(SECTION.finditer(text))
    for this, following in zip(found, [*found[1:], None]):
        yield this[1].strip(), text[this.end() : following.start() if following else len(text)]
