"""What in a text may be a path, a module or a folder in which all is run. No tool's format is parsed."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from project import imports, loading, risky, spelled, spelling, tasks
from project.wanted import PROSE, STORES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Kinds whose files say what is run or read: each path in them counts.
WHOLE = frozenset(("hook", "editor", "shell", "ci", "agent", "container", "review", "package"))
# Kinds whose files list what they are about, too, such as sources: loading.py tells those words from what is loaded.
LOADING = frozenset(("packages", "build", "test", "tool", "config-code", "language-server"))

WORD = re.compile(loading.PATH)
QUOTED = re.compile(rb""""([^"\n]{1,200})"|'([^'\n]{1,200})'""")
IMPORT = re.compile(rb"(?:^|(?<=[\s(\[`]))(?:@|(?<=\()mdc:)((?:\./|/)?[\w.~-][^\s`'\"<>()]*[\w])")
_BEFORE = rb"""(?:^|(?<=[\s"'`(\[{=;|&!@:,]))"""
LOADS = re.compile(
    _BEFORE
    + rb"""(?:require|require_relative|import|include|load|source|source_env|\.|exec|execfile|eval|bash|sh|zsh|dash"""
    rb"""|pwsh|python3?|node|ruby|perl|php|deno|bun|tsx|ts-node|shell|from|extends|plugins?|script-shell|build|command|cmd"""
    rb"""|init-hook|rcfile|overrideCommand|apply|entry)(?![\w-])["']?[\s(=:,\[{"']+(?:-\S+\s+)*["']?("""
    + loading.PATH
    + rb")",
    re.MULTILINE,
)
# Settings that name folders in which all is run by name.
FOLDER = re.compile(
    rb"""(?:(?:hooksPath|hooks_path|backend-path|source_dir|rulesdir|rulesDirectory|rulePaths|includeBuild|tsdk"""
    rb"""|nodePath)["']?[\s=:(\[{"']*|\bgo[ \t]+run[ \t]+(?:-\S+[ \t]+)*"""
    rb"""|\brun\b(?!["']?:)[^\n]{0,80}[ \t](?:-p|--package|--project|--manifest-path)[ \t=])(""" + loading.PATH + rb")"
)
# A folder is told to who builds and runs what is there before he is told to.
BUILDERS = re.compile(rb"\b(?:cargo|go|swift|dotnet)\b(?:[ \t]+[^\s;&|]+){0,12}")
FROM = re.compile(
    rb"""[ \t]["']?(?:-C|--(?:manifest-path|project|package-path|chdir|directory))(?:=|["']?[ \t]+["']?)?("""
    + loading.PATH
    + rb")"
)
RUNS = re.compile(rb"""[ \t]["']?(?:run|generate)\b""")
MANIFEST = re.compile(rb"/Cargo\.toml$", re.IGNORECASE)
# Whoever tells an assistant what to read may do so in an editor's settings.
TELLS = re.compile(rb"instruction|prompt", re.IGNORECASE)
# Perl's modules, whose folder is said elsewhere.
PERL = re.compile(rb"^[ \t]*(?:use|require)[ \t]+([A-Z]\w*(?:::\w+)*)", re.MULTILINE)


def prose(path: bytes) -> bool:
    """Whether a file is for people: no program runs it, but an assistant may be told by it."""
    return path.lower().endswith(tuple(suffix.encode() for suffix in PROSE))


def may_name(path: bytes) -> bool:
    """Whether a file may name more: it lists no versions, nor what there is, and belongs to no installed package."""
    parts = spelling.components(path)
    known = parts[-1] in loading.LISTS or any(reason.kind == "lock" for reason in risky.by_name(path))
    return STORES.isdisjoint(parts) and not known


def speaks(path: bytes, text: bytes, kind: str) -> bool:
    """Whether a text speaks to an assistant: of what it names, only what it imports is read."""
    named = path.rpartition(b"/")[2].lstrip(b".")
    return kind == "agent" and (prose(path) or (b"." not in named and not text.startswith(b"#!")))


def tells(text: bytes, kind: str) -> bool:
    """Whether what a text names may be what an assistant is told."""
    return kind == "agent" or (kind == "editor" and TELLS.search(text) is not None)


@lru_cache(maxsize=2)
def words(path: bytes, text: bytes, kind: str) -> tuple[tuple[bytes, bool], ...]:
    """What may be a path in a text, and whether it may be a module's name."""
    return tuple(dict.fromkeys(_words(path, text, kind)))


def _words(path: bytes, text: bytes, kind: str) -> Iterator[tuple[bytes, bool]]:
    if speaks(path, text, kind):
        yield from ((match[1], False) for match in IMPORT.finditer(text))
        return
    yield from ((name, True) for name in loading.modules(text))
    if kind == "script" or kind in LOADING:
        yield from ((match[1], False) for match in LOADS.finditer(text))
        if path.endswith(b".rs"):
            yield from ((word, False) for word in loading.rust(text))
    if kind in LOADING or (kind == "script" and path.endswith(b"/package.json")):
        yield from loading.words(path, text)
    if kind == "script":
        yield from ((word, False) for word in dict.fromkeys(WORD.findall(text)) if loading.CODE.search(word))
        yield from ((word, False) for word in paths(text))
    if kind == "script" or kind in LOADING:
        return
    found = dict.fromkeys(WORD.findall(text))
    quoted = (one or two for one, two in QUOTED.findall(text) if b" " in (one or two))
    yield from ((word, False) for word in (*found, *dict.fromkeys(quoted)))


@lru_cache(maxsize=4)
def paths(text: bytes) -> tuple[bytes, ...]:
    """What in a script may be a path, but of what is compiled, shown or read."""
    found = dict.fromkeys((*spelled.words(text), *loading.joined(text)))
    modules = (name.replace(b"::", b"/") + b".pm" for name in (PERL.findall(text) if b"use " in text else ()))
    slashed = (word for word in found if b"/" in word or b"\\" in word or b"." in word[1:])
    return (*(word for word in slashed if not loading.NO_CODE.search(word)), *modules)


def places(path: bytes, word: bytes, *, module: bool) -> Iterator[bytes]:
    """The paths that a word may mean: from the file's own folder, and from the root."""
    word = word.replace(b"\\", b"/").strip(b"/.") if module else word.replace(b"\\", b"/")
    word = word.replace(b".", b"/") if module else spelled.after(word)
    if not word or len(word) > 1024:
        return
    for base in dict.fromkeys((path.rpartition(b"/")[0], b"")):
        place = posixpath.normpath(posixpath.join(base, word.lstrip(b"/")))
        if place not in (b".", b"..") and not place.startswith(b"../"):
            yield place


def modules(path: bytes, text: bytes, kind: str) -> Iterator[bytes]:
    """The files that the modules are which a text imports, or says are to be loaded."""
    if not speaks(path, text, kind):
        found = imports.places(path, text)
        # An installation runs all that it imports; the code that tests and tools are about is read as such.
        about = kind in LOADING and kind != "packages"
        yield from (place for place in found if not about or imports.is_helper(path, place))
        for name in dict.fromkeys(loading.modules(text)):
            yield from imports.of_name(path, name)


def folders(path: bytes, text: bytes, kind: str) -> Iterator[bytes]:
    """The folders in which all is run, as a text says."""
    for match in FOLDER.finditer(text):
        yield from places(path, MANIFEST.sub(b"", match[1]), module=False)
    for match in BUILDERS.finditer(text):
        for folder in FROM.findall(match[0]) if RUNS.search(match[0]) else ():
            yield from places(path, MANIFEST.sub(b"", folder), module=False)
    yield from tasks.crates(path, text, every=kind == "crate")
