"""What files that steer something name in their text: a task's script, a hook's program, an imported instruction.

No tool's format is parsed. What may be a path in such a file is taken for one: from the file's own folder, from the
root, and as a module. Read are the host's files as they are now, and those that are about to be there; what they name
is read as well, since what a script loads runs with it.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from project import packages, plain, risky, spelled, spelling, words
from project.ends import Ends
from project.host import split
from project.risky import Reason
from project.tree import LARGEST
from project.wanted import PROSE, STORES, Aliases, Wanted
from project.wanted import key as _key

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
MORE = Reason("named", "more links lead around, or more is named, than is looked at")
PACKAGE = Reason("package", "an installation runs it")
# Kinds whose files may run the scripts of a package by name.
CALLING = frozenset(("hook", "editor", "shell", "agent", "ci", "review", "container", "script"))
# An assistant's own are told by these as well; to what is run they say nothing.
TEXTS = tuple(suffix.encode() for suffix in PROSE if suffix != ".txt")

_PATH = rb"""[^\s"'`;|&()<>\[\]{}=,:#!*?\\]+"""
WORD = re.compile(_PATH)
QUOTED = re.compile(rb""""([^"\n]{1,200})"|'([^'\n]{1,200})'""")
IMPORT = re.compile(rb"(?:^|(?<=[\s(\[`]))@((?:\./|/)?[\w.~-][^\s`'\"<>()]*[\w])")
_BEFORE = rb"""(?:^|(?<=[\s"'`(\[{=;|&!@:,]))"""
CODE = re.compile(rb"\.(?:sh|bash|js|cjs|mjs|ts|mts|py|rb|pl|php|lua|ps1|bat|cmd)$", re.IGNORECASE)
LOADS = re.compile(
    _BEFORE
    + rb"""(?:require|require_relative|import|include|load|source|source_env|\.|exec|execfile|eval|bash|sh|zsh|dash"""
    rb"""|pwsh|python3?|node|ruby|perl|php|deno|bun|tsx|ts-node|shell|from|extends|plugins?|script-shell|build|command|cmd"""
    rb"""|init-hook|rcfile|overrideCommand|apply|entry)(?![\w-])["']?[\s(=:,\[{"']+(?:-\S+\s+)*["']?("""
    + _PATH
    + rb")",
    re.MULTILINE,
)
MODULE = re.compile(
    _BEFORE + rb"""(?:-[mpr]|--(?:require|import|loader|plugin|load-plugins)|pytest_plugins|plugins?|load-plugins"""
    rb"""|build-backend)(?![\w-])["']?[\s=:(\[{"']*([A-Za-z_][\w.]*)""",
    re.MULTILINE,
)
# Settings that name folders in which all is run by name.
FOLDER = re.compile(
    rb"""(?:hooksPath|hooks_path|backend-path|source_dir|rulesdir)"""
    rb"""["']?[\s=:(\[{"']*(""" + _PATH + rb")"
)
# What is meant by a name without its suffix, or by a folder's.
SUFFIXES = (b"", b".js", b".cjs", b".mjs", b".ts", b".mts", b".py", b".sh", b".rb", b"/index.js", b"/index.ts")


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back: what a file that steers something names, and what that names in turn."""
    aliases = Aliases(tree)
    wanted = Wanted(changes, aliases)
    if not wanted.exact:
        return {}
    found: dict[bytes, list[Reason]] = {}
    reader = Reader(tree, wanted, aliases)
    for path, reason in reader.named():
        found.setdefault(path, [reason])
    if reader.left < 0 or aliases.many or wanted.left < 0:
        return {change.path: [MANY if reader.left < 0 else MORE] for change in changes}
    for change in changes:
        if packages.is_package(change.path) and packages.runs_otherwise(change, tree.blob, reader.scripts):
            found.setdefault(change.path, []).append(packages.CALLED)
    return found


@dataclass(frozen=True)
class Source:
    """A text that is read for what it names: a file's own, or one that git keeps."""

    path: bytes
    kind: str
    said: str
    text: bytes | None = None


class Reader:
    """Reads what steers, and what that names."""

    def __init__(self, tree: Tree, wanted: Wanted, aliases: Aliases) -> None:
        self.tree, self.wanted, self.aliases = tree, wanted, aliases
        there = tree.scan.wait().files if tree.scan else ()
        self.files = dict.fromkeys((*there, *tree.new))
        self.ends = Ends(wanted, self.files, split(tree.host.real)[1] if tree.host else b"")
        self.left = FILES
        self.scripts: set[str] = set()
        self.manifests: dict[bytes, set[str]] = {}

    def named(self) -> Iterator[tuple[bytes, Reason]]:
        """What is looked for and named, each with a reason: first by what steers, then by what that names.

        Packages come last in each step, and again where more of their scripts turned out to be run by name.
        """
        sources, manifests = self._sources()
        known = {source.path for source in (*sources, *manifests)}
        called: set[str] | None = None
        for _ in range(STEPS):
            fresh: list[Source] = []
            for source in sources:
                yield from self._read(source, known, fresh)
            while called != self.scripts:
                called = set(self.scripts)
                for source in manifests:
                    yield from self._read(source, known, fresh)
            sources = fresh

    def _sources(self) -> tuple[list[Source], list[Source]]:
        """What steers something, each with its kind and what is said of it; and the manifests of packages."""
        kinds = Kinds()
        found = ((path, kinds.of(path)) for path in sorted(self.files))
        told = [Source(path, why.kind, f"named by {words.path(path)}: {why.reason}") for path, why in found if why]
        git = [Source(b".git/", "hook", f"named by {one.by}", one.text) for one in self.tree.git if one.text]
        return [*git, *(one for one in told if one.kind != "package")], [one for one in told if one.kind == "package"]

    def _read(self, source: Source, known: set[bytes], fresh: list[Source]) -> Iterator[tuple[bytes, Reason]]:
        """What a source names of what is looked for; what else it names is read in the next step."""
        for text in self._texts(source):
            yield from ((aim, Reason("named", source.said)) for aim in self._aims(source, text))
            there = [path for path in dict.fromkeys(self._there(source, text)) if path not in known]
            known.update(there)
            fresh += [Source(path, "script", f"named by {words.path(path)}, itself {source.said}") for path in there]

    def _texts(self, source: Source) -> Iterator[bytes]:
        self.left -= source.path not in self.manifests
        for content in self._contents(source):
            if source.kind == "package":
                text, read = packages.run_unasked(content, self.scripts), self.manifests.setdefault(source.path, set())
                if text not in read:
                    read.add(text)
                    self.scripts |= packages.called(text)
                    yield text.encode("utf-8", "surrogatepass")
                continue
            if source.kind in CALLING and not _prose(source.path):
                text = content.decode("utf-8", "replace")
                self.scripts |= packages.named(text) if source.kind in ("hook", "shell") else packages.called(text)
            yield content

    def _contents(self, source: Source) -> Iterable[bytes]:
        if self.left < 0:
            return ()
        texts = self.tree.contents(source.path) if source.text is None else [source.text]
        return filter(plain.reads, texts)

    def _aims(self, source: Source, text: bytes) -> Iterator[bytes]:
        """What is looked for and named by a text."""
        told = source.kind == "agent"
        for aim in dict.fromkeys(self._found(source, text)):
            if aim != source.path and (told or not aim.lower().endswith(TEXTS)):
                yield aim

    def _found(self, source: Source, text: bytes) -> Iterator[bytes]:
        for word, module in _words(source.path, text, source.kind):
            for place in map(_key, _raw_places(source.path, word, module)):
                yield from self.wanted.of(place, whole=not module and "/" not in place)
        for match in FOLDER.finditer(text) if source.kind in WHOLE | LOADING else ():
            for place in map(_key, _raw_places(source.path, match[1], False)):
                yield from self.wanted.below(place)
        if not _told(source):
            yield from self.ends.aims(self._anywhere(source, text), whole=source.kind not in WHOLE)
            yield from self.ends.run(text, _key(split(source.path)[0]))

    def _anywhere(self, source: Source, text: bytes) -> Iterator[bytes]:
        """The words of a text that may be paths from any folder."""
        if source.kind in WHOLE:
            yield from spelled.words(text)
            return
        if source.kind == "script":
            # Programs bear no suffix; what has none and is written as a path is one, or a folder.
            yield from (word for word in spelled.words(text) if b"/" in word and b"." not in split(word)[1])
        if spelled.moves(text):
            yield from (word for word, module in _words(source.path, text, source.kind) if not module)

    def _there(self, source: Source, text: bytes) -> Iterator[bytes]:
        """The files of the tree that a text names, and that are not read for themselves: what the table names is."""
        told = source.kind == "agent"
        for aim in self._named_files(source, text):
            if aim in self.files and (told or not aim.lower().endswith(TEXTS)) and not risky.by_name(aim):
                yield aim

    def _named_files(self, source: Source, text: bytes) -> Iterator[bytes]:
        for word, module in _words(source.path, text, source.kind):
            for place in _raw_places(source.path, word, module):
                for suffix in SUFFIXES if module or b"/" in word else (b"",):
                    yield from self.aliases.real(place + suffix)
        if not _told(source):
            yield from self.ends.files(self._anywhere(source, text))


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
        return PACKAGE if folded == packages.NAME else reason or _steers(risky.of_component(folded))

    def _of_folder(self, folder: bytes) -> tuple[bool, Reason | None]:
        """Whether what is in a folder counts, and of which kind all of it is."""
        parts = frozenset(spelling.components(folder))
        # GitHub's has forms and lists of owners as well.
        form = ".github" in parts and parts.isdisjoint(("workflows", "actions"))
        return parts.isdisjoint(STORES) and not form, _steers(risky.by_name(folder) if folder else ())


def looked_into(changes: Iterable[Change]) -> list[Entry]:
    """What of the changes is read."""
    kinds, paths = Kinds(), sorted((change.path, change.new) for change in changes if change.new)
    return [new for path, new in paths if new.size <= LARGEST and kinds.of(path)]


def _steers(reasons: Iterable[Reason]) -> Reason | None:
    return next((reason for reason in reasons if reason.kind in WHOLE | LOADING), None) if reasons else None


def _prose(path: bytes) -> bool:
    return path.lower().endswith(tuple(suffix.encode() for suffix in PROSE))


def _told(source: Source) -> bool:
    """Whether a source is an assistant's instructions, of which only imports count."""
    return source.kind == "agent" and (_prose(source.path) or b"." not in split(source.path)[1].lstrip(b"."))


def _words(path: bytes, text: bytes, kind: str) -> Iterator[tuple[bytes, bool]]:
    """What may be a path in a text, and whether it may be a module's name."""
    if kind == "agent" and (_prose(path) or b"." not in path.rpartition(b"/")[2].lstrip(b".")):
        yield from ((match[1], False) for match in IMPORT.finditer(text))
        return
    yield from ((match[1], True) for match in MODULE.finditer(text))
    if kind == "script" or kind in LOADING:
        yield from ((match[1], False) for match in LOADS.finditer(text))
    if kind == "script":
        yield from ((word, False) for word in dict.fromkeys(WORD.findall(text)) if CODE.search(word))
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
