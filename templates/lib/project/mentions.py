"""What files that steer something name in their text: a task's script, a hook's program, an imported instruction.

No tool's format is parsed. What may be a path in such a file is taken for one: from the file's own folder, from the
root, and as a module. Read are the host's files as they are now, and those that are about to be there; what they name
is read as well, since what a script loads runs with it.
"""

from __future__ import annotations

import posixpath
import re

from project import imports, loading, packages, risky, spelling, words
from project.risky import Reason
from project.tree import LARGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from project.data import Change, Entry
    from project.tree import Tree

# So many files are read, none of which is large; past that it is not known what is named, and everything is held back.
FILES = 20_000
# So many steps are followed from a file that steers.
STEPS = 3
# Kinds whose files say what is run or read: each path in them counts.
WHOLE = frozenset(("hook", "editor", "shell", "ci", "agent", "container", "review", "package"))
# Kinds whose files list what they are about, too, such as sources: only what a word before it runs or loads counts.
LOADING = frozenset(("packages", "build", "test", "tool", "config-code", "language-server"))
MANY = Reason("named", f"more than {FILES} files steer something, so not all that they may name was looked at")
PACKAGE = Reason("package", "an installation runs it")
STORES = frozenset(("node_modules", "site-packages", "dist-packages", "venv", ".venv", "__pycache__", ".yarn"))
# For people: no program runs them, but an assistant may be told by them.
PROSE = (".md", ".mdc", ".rst", ".txt", ".adoc", ".markdown")

WORD = re.compile(loading.PATH)
QUOTED = re.compile(rb""""([^"\n]{1,200})"|'([^'\n]{1,200})'""")
IMPORT = re.compile(rb"(?:^|(?<=[\s(\[`]))@((?:\./|/)?[\w.~-][^\s`'\"<>()]*[\w])")
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
    rb"""(?:PATH_add|path_add\s+\w+|\bPATH\s*=|_\.path\s*=|hooksPath|hooks_path|backend-path|source_dir|rulesdir"""
    rb"""|rulesDirectory|rulePaths|includeBuild)["']?[\s=:(\[{"']*(""" + loading.PATH + rb")"
)
SUFFIX = re.compile(r"(?<=[^/])\.[a-z0-9_]{1,12}$")
# What is meant by a name without its suffix, or by a folder's.
SUFFIXES = (b"", b".js", b".cjs", b".mjs", b".ts", b".mts", b".py", b".sh", b".rb", b"/index.js", b"/index.ts")
INSIDE = ("index", "__init__", "__main__", "action")


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back: what a file that steers something names, and what that names in turn."""
    wanted = Wanted(changes)
    if not wanted.exact:
        return {}
    found: dict[bytes, list[Reason]] = {}
    reader = Reader(tree, wanted)
    for path, reason in reader.named():
        found.setdefault(path, [reason])
    return {change.path: [MANY] for change in changes} if reader.left < 0 else found


class Wanted:
    """The paths that are looked for, by what may name them: folded; with and without a suffix; by their folder."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self.exact: dict[str, list[bytes]] = {}
        self.stems: dict[str, list[bytes]] = {}
        self.keys: dict[bytes, str] = {}
        # By their folder: what programs of Python's there import in the place of a module of the same name.
        self.shadowing: dict[str, list[bytes]] = {}
        for change in changes:
            if change.new is not None:
                key = _key(change.path)
                self.keys[change.path] = key
                self.exact.setdefault(key, []).append(change.path)
                self.stems.setdefault(SUFFIX.sub("", key), []).append(change.path)
                folder = imports.shadowing(key.split("/"))
                if folder is not None:
                    self.shadowing.setdefault(folder, []).append(change.path)

    def of(self, key: str, *, whole: bool) -> Iterator[bytes]:
        """What a path of a text means; without a slash it is `whole` only with its suffix."""
        yield from self.exact.get(key, ())
        if not whole:
            for stem in (key, *(f"{key}/{name}" for name in INSIDE)):
                yield from self.stems.get(stem, ())

    def below(self, folder: str) -> list[bytes]:
        """What is in a folder, at any depth."""
        return [path for path, key in self.keys.items() if key.startswith(folder + "/")]


class Reader:
    """Reads what steers, and what that names."""

    def __init__(self, tree: Tree, wanted: Wanted) -> None:
        self.tree, self.wanted = tree, wanted
        there = tree.scan.wait().files if tree.scan else ()
        self.files = dict.fromkeys((*there, *tree.new))
        self.left = FILES
        self.scripts: set[str] = set()

    def named(self) -> Iterator[tuple[bytes, Reason]]:
        """What is looked for and named, each with a reason: first by what steers, then by what that names."""
        waiting = self._sources()
        # A package of the project's own is read once more where another one names it: for what it is loaded by.
        known = {path for path, kind, _ in waiting if kind != "package"}
        for _ in range(STEPS):
            steps, waiting = waiting, []
            for path, kind, said in steps[: max(self.left + 1, 0)]:
                for text in self._texts(path, kind):
                    yield from ((aim, Reason("named", said)) for aim in self._aims(path, text, kind))
                    fresh = [each for each in self._there(path, text, kind) if each not in known]
                    known.update(fresh)
                    waiting += [(each, "script", f"named by {words.path(each)}, itself {said}") for each in fresh]

    def _sources(self) -> list[tuple[bytes, str, str]]:
        """The files that steer something, each with its kind and what is said of it.

        Packages come last: a hook may run one of their scripts by name.
        """
        kinds = Kinds()
        found = ((path, kinds.of(path)) for path in self.files)
        told = [(path, why.kind, f"named by {words.path(path)}: {why.reason}") for path, why in found if why]
        return sorted(told, key=lambda each: (each[1] == "package", each[0]))

    def _texts(self, path: bytes, kind: str) -> Iterator[bytes]:
        self.left -= 1
        for content in self.tree.contents(path):
            if b"\0" in content[:1024]:
                continue
            if kind == "package":
                yield packages.run_unasked(content, self.scripts).encode("utf-8", "surrogateescape")
                continue
            if kind in ("hook", "editor", "shell", "script"):
                self.scripts |= packages.called(content.decode("utf-8", "replace"))
            yield loading.hooks(path, content)

    def _aims(self, path: bytes, text: bytes, kind: str) -> Iterator[bytes]:
        told = kind == "agent"
        for word, module in _words(path, text, kind):
            for key in _places(path, word, module):
                # `./x` in a file at the top says as much as `a/x` does elsewhere.
                plain = b"/" not in word or b"/" in path or kind not in LOADING
                for aim in self.wanted.of(key, whole=not module and plain and "/" not in key):
                    if aim != path and (told or not _prose(aim)):
                        yield aim
        for folder in _folders(path, text) if kind in WHOLE | LOADING else ():
            for key in _places(path, folder, False):
                yield from (aim for aim in self.wanted.below(key) if not _prose(aim))
        for place in _modules(path, text, kind):
            yield from (aim for aim in self.wanted.exact.get(_key(place), ()) if aim != path)
        if path.endswith(b".py"):
            yield from self.wanted.shadowing.get(_key(path).rpartition("/")[0], ())

    def _there(self, path: bytes, text: bytes, kind: str) -> Iterator[bytes]:
        """The files of the tree that a text names."""
        told = kind == "agent"
        for word, module in _words(path, text, kind):
            for place in _raw_places(path, word, module):
                more = (*SUFFIXES, b"/package.json") if kind == "package" else SUFFIXES
                for suffix in more if module or b"/" in word else (b"",):
                    aim = place + suffix
                    # What the table names is read for itself, in its own manner.
                    if aim in self.files and (told or not _prose(aim)) and not risky.by_name(aim):
                        yield aim
        # A project's own code, which its tests' settings import, is what the tests are about.
        for place in _modules(path, text, kind) if kind not in LOADING else ():
            if place in self.files and not risky.by_name(place):
                yield place


class Kinds:
    """Of which kind a file is that says what is run or read; a folder's kind is that of all in it."""

    def __init__(self) -> None:
        self.folders: dict[bytes, tuple[bool, Reason | None]] = {}

    def of(self, path: bytes) -> Reason | None:
        """Kind and reason; None where it says no such thing, or belongs to an installed package."""
        folder, _, name = path.rpartition(b"/")
        if folder not in self.folders:
            self.folders[folder] = self._of_folder(folder)
        inside, reason = self.folders[folder]
        if not inside:
            return None
        folded = spelling.folded(name)
        place = f"{spelling.folded(folder.rpartition(b'/')[2])}/{folded}"
        if folded == packages.NAME:
            return PACKAGE
        return reason or _steers((*risky.of_component(folded), *risky.of_place(place)))

    def _of_folder(self, folder: bytes) -> tuple[bool, Reason | None]:
        """Whether what is in a folder counts, and of which kind all of it is."""
        parts = frozenset(spelling.components(folder))
        # GitHub's has forms and lists of owners as well.
        form = ".github" in parts and parts.isdisjoint(("workflows", "actions"))
        return parts.isdisjoint(STORES) and not form, _steers(risky.of_folder(folder) if folder else ())


def looked_into(changes: Iterable[Change]) -> list[Entry]:
    """What of the changes is read."""
    kinds, paths = Kinds(), sorted((change.path, change.new) for change in changes if change.new)
    return [new for path, new in paths if new.size <= LARGEST and kinds.of(path)]


def _steers(reasons: Iterable[Reason]) -> Reason | None:
    return next((reason for reason in reasons if reason.kind in WHOLE | LOADING), None) if reasons else None


def _key(path: bytes) -> str:
    return "/".join(spelling.components(path))


def _prose(path: bytes) -> bool:
    return path.lower().endswith(tuple(suffix.encode() for suffix in PROSE))


def _words(path: bytes, text: bytes, kind: str) -> Iterator[tuple[bytes, bool]]:
    """What may be a path in a text, and whether it may be a module's name."""
    if _speaks(path, kind):
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
        yield from ((word, False) for word in loading.joined(text))
    if kind == "script" or kind in LOADING:
        return
    found = dict.fromkeys(WORD.findall(text))
    quoted = (one or two for one, two in QUOTED.findall(text) if b" " in (one or two))
    yield from ((word, False) for word in (*found, *dict.fromkeys(quoted)))


def _raw_places(path: bytes, word: bytes, module: bool) -> Iterator[bytes]:
    """The paths that a word may mean: from the file's own folder, and from the root."""
    word = word.replace(b"\\", b"/").strip(b"/.") if module else word.replace(b"\\", b"/")
    if module:
        word = word.replace(b".", b"/")
    elif b"$" in word or b"~" in word:
        # `$PWD/x` and `~/project/x` are paths after what stands for a folder.
        word = word.partition(b"/")[2]
    if not word or len(word) > 1024:
        return
    for base in dict.fromkeys((path.rpartition(b"/")[0], b"")):
        place = posixpath.normpath(posixpath.join(base, word.lstrip(b"/")))
        if place not in (b".", b"..") and not place.startswith(b"../"):
            yield place


def _modules(path: bytes, text: bytes, kind: str) -> Iterator[bytes]:
    """The files that the modules are which a text imports, or says are to be loaded."""
    if not _speaks(path, kind):
        found = imports.places(path, text)
        # An installation runs all that it imports; the code that tests and tools are about is read as such.
        about = kind in LOADING and kind != "packages"
        yield from (place for place in found if not about or imports.is_helper(path, place))
        for name in dict.fromkeys(loading.modules(text)):
            yield from imports.of_name(path, name)


def _folders(path: bytes, text: bytes) -> Iterator[bytes]:
    """The folders in which all is run, as a text says."""
    yield from (match[1] for match in FOLDER.finditer(text))
    yield from loading.crates(path, text)


def _speaks(path: bytes, kind: str) -> bool:
    """Whether a text speaks to an assistant: of what it names, only what it imports is read."""
    return kind == "agent" and (_prose(path) or b"." not in path.rpartition(b"/")[2].lstrip(b"."))


def _places(path: bytes, word: bytes, module: bool) -> Iterator[str]:
    yield from map(_key, _raw_places(path, word, module))
