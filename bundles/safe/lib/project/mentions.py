"""What files that steer something name in their text: a task's script, a hook's program, an imported instruction.

No tool's format is parsed. What may be a path in such a file is taken for one: from the file's own folder, from the
root, and as a module. Read are the host's files as they are now, and those that are about to be there; what they name
is read as well, since what a script loads runs with it.
"""

from __future__ import annotations

import os
from bisect import bisect
from itertools import chain, islice

from project import gitnames, imports, lines, loading, outside, packages, plain, risky, spelled, spelling, tasks, texts
from project.ends import Ends
from project.host import split
from project.risky import Reason
from project.sources import Kinds, Source
from project.texts import LOADING, WHOLE
from project.tree import LARGEST
from project.wanted import PROSE, Aliases, Wanted
from project.wanted import key as _key
from project.words import path as in_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from project.data import Change, Entry
    from project.tree import Tree

# So many files are read, none of which is large; past that it is not known what is named, and everything is held back.
# A long one counts as several, or a tree of long ones would be read for hours.
FILES, PAGE = 20_000, 8192
# So many steps are followed from a file that steers.
STEPS = 3
MANY = Reason(
    "named", f"more than {FILES} files steer something, or long ones do, so not all that they may name was looked at"
)
MORE = Reason("named", "more links lead around, or more is named, than is looked at")
HOME = "it is run, or read, when you start a shell or a tool"
# Kinds whose files may run the scripts of a package by name.
CALLING = frozenset(("hook", "editor", "shell", "agent", "ci", "review", "container", "script"))
# An assistant's own are told by these as well; to what is run they say nothing.
TEXTS = tuple(suffix.encode() for suffix in PROSE if suffix != ".txt")

# What is meant by a name without its suffix, or by a folder's.
SUFFIXES = (b"", b".js", b".cjs", b".mjs", b".ts", b".mts", b".py", b".sh", b".rb", b"/index.js", b"/index.ts")


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back: what a file that steers something names, and what that names in turn."""
    aliases = Aliases(tree)
    wanted = Wanted([change for change in changes if not _tells_only(change, tree)], aliases)
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


def _tells_only(change: Change, tree: Tree) -> bool:
    new = change.new
    if new is None or new.mode not in risky.FILES or new.size > LARGEST or not change.path.endswith(b".py"):
        return False
    return imports.tells_only(change.path, tree.blob(new.oid))


class Reader:
    """Reads what steers, and what that names."""

    def __init__(self, tree: Tree, wanted: Wanted, aliases: Aliases) -> None:
        self.tree, self.wanted, self.aliases = tree, wanted, aliases
        there = tree.scan.wait().files if tree.scan else ()
        self.files = dict.fromkeys((*there, *tree.new))
        self.ends = Ends(wanted, self.files, split(tree.host.real)[1] if tree.host else b"")
        names = (
            path.rpartition(b"/")[2] for path in self.files | dict.fromkeys(change.path for change in tree.changes)
        )
        self.names = {each for name in names for each in (name.lower(), os.fsencode(spelling.folded(name)))}
        self.left = FILES
        # Words of the source at hand that were followed in another reading of it.
        self.followed: set[tuple[bytes, bool]] = set()
        self.scripts: set[str] = set()
        self.manifests: dict[bytes, set[bytes]] = {}

    def named(self) -> Iterator[tuple[bytes, Reason]]:
        """What is looked for and named, each with a reason: first by what steers, then by what that names.

        Packages come last in each step, and again where more of their scripts turned out to be run by name.
        """
        sources, manifests = self._sources()
        # A package of the project's own is read once more where something names it: for what it is loaded by.
        known = {source.path for source in (*sources, *manifests) if source.kind != "package"}
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
        ordered = sorted(self.files)
        found = ((path, kinds.of(path)) for path in chain(ordered, islice(self._linked(ordered), FILES)))
        told = [Source(path, why.kind, f"named by {in_words(path)}: {why.reason}") for path, why in found if why]
        modules = [path for path in ordered if tasks.name_of(path) == ".gitmodules"]
        git = [one for path in modules for one in self._of_addresses(path)]
        git += [Source(b".git/", "hook", f"named by {one.by}", one.text) for one in self.tree.git if one.text]
        named = outside.starting(self.tree.host.real) if self.tree.host else ()
        home = [Source(b"", "shell", f"named by {shown}: {HOME}", b"\n".join(paths)) for shown, paths in named]
        others = [one for one in told if one.kind != "package" and not tasks.offers(one.path)]
        # What counts of these depends on what all others ask for.
        return [*git, *home, *others], [one for one in told if one.kind == "package" or tasks.offers(one.path)]

    def _of_addresses(self, path: bytes) -> Iterator[Source]:
        """The programs that the addresses of submodules are."""
        for content in self.tree.contents(path):
            for key, value in gitnames.settings(content):
                if text := gitnames.program(value):
                    yield Source(b".git/", "hook", f"named by {in_words(path)} {key}", text)

    def _linked(self, ordered: list[bytes]) -> Iterator[bytes]:
        """The names that links have, and those that they give to what lies below where they lead."""
        for link in () if self.aliases.many else sorted(self.aliases.links):
            yield link
            for aim in self.aliases.real(link):
                for path in ordered[bisect(ordered, aim + b"/") :]:
                    if not path.startswith(aim + b"/"):
                        break
                    yield link + path[len(aim) :]

    def _read(self, source: Source, known: set[bytes], fresh: list[Source]) -> Iterator[tuple[bytes, Reason]]:
        """What a source names of what is looked for; what else it names is read in the next step."""
        self.followed = set()
        for text in self._texts(source):
            self.left -= len(text) // PAGE
            yield from ((aim, Reason("named", source.said)) for aim in self._aims(source, text))
            for path in dict.fromkeys(self._there(source, text)):
                if path not in known:
                    known.add(path)
                    fresh.append(self._next(source, path, "agent" if self._told(source, path) else "script"))
            for path in self._crates(source, text):
                if path + b"/" not in known:
                    known.add(path + b"/")
                    fresh.append(self._next(source, path, "crate"))
            self.followed.update(texts.words(source.path, text, source.kind))

    def _next(self, source: Source, path: bytes, kind: str) -> Source:
        about = source.about or (source.kind in LOADING and source.kind != "packages")
        return Source(path, kind, f"named by {in_words(path)}, itself {source.said}", about=about)

    def _told(self, source: Source, path: bytes) -> bool:
        """Whether an assistant takes a file for instructions: who was told of it is told by it."""
        return source.kind in ("agent", "editor") and texts.prose(path)

    def _crates(self, source: Source, text: bytes) -> Iterator[bytes]:
        """The manifests of what the compiler runs for a crate."""
        for folder in tasks.crates(source.path, text, every=source.kind == "crate"):
            yield from (path for path in self.aliases.real(folder + b"/Cargo.toml") if path in self.files)

    def _texts(self, source: Source) -> Iterator[bytes]:
        """What counts of a source, as it is and with its lines whole, that was not read before."""
        read = self.manifests.setdefault(f"{source.kind} ".encode() + source.path, set())
        self.left -= not read
        for text in chain.from_iterable(self._counted(source, content) for content in self._contents(source)):
            # What others ask for may make more of it count.
            if text not in read:
                read.add(text)
                yield text

    def _counted(self, source: Source, content: bytes) -> Iterator[bytes]:
        if source.kind == "package":
            for text in lines.readings(source.path, packages.run_unasked(content, self.scripts)):
                self.scripts |= packages.called_by(text)
                yield text
            return
        told = texts.speaks(source.path, content, source.kind)
        for text in [content] if told else lines.readings(source.path, content):
            self.scripts |= self._asked(source, text)
            yield tasks.counted(source.path, text, self.scripts)

    def _asked(self, source: Source, content: bytes) -> set[str]:
        """What a text asks for by name, of what others may offer."""
        found = tasks.asks(source.path, content, every=source.kind == "crate")
        if source.kind in CALLING and not texts.prose(source.path):
            text = content.decode("utf-8", "replace")
            found |= packages.named(text) if source.kind in ("hook", "shell") else packages.called(text)
            found |= tasks.targets(text)
            found |= {packages.MAIN} if spelled.starts(content) else set()
        return found

    def _contents(self, source: Source) -> Iterable[bytes]:
        if self.left < 0:
            return ()
        if source.text is not None:
            return filter(plain.reads, [source.text])
        # Whoever reads a link reads what it leads to.
        paths = dict.fromkeys((source.path, *self.aliases.real(source.path)))
        return filter(plain.reads, (text for path in paths for text in self.tree.contents(path)))

    def _aims(self, source: Source, text: bytes) -> Iterator[bytes]:
        """What is looked for and named by a text."""
        told = texts.tells(text, source.kind)
        for aim in dict.fromkeys(self._found(source, text)):
            if aim != source.path and (told or not aim.lower().endswith(TEXTS)):
                yield aim

    def _found(self, source: Source, text: bytes) -> Iterator[bytes]:
        path, kind = source.path, source.kind
        for word, module in self._words(source, text):
            # `./x` in a file at the top says as much as `a/x` does elsewhere.
            short = b"/" not in word or b"/" in path or kind not in LOADING
            for place in map(_key, texts.places(path, word, module=module)):
                yield from self.wanted.of(place, whole=not module and short and "/" not in place)
        for place in map(_key, texts.folders(path, text, kind)):
            yield from (aim for aim in self.wanted.below(place) if not texts.prose(aim))
        for place in map(_key, texts.modules(path, text, kind)):
            yield from self.wanted.exact.get(place, ())
        if path.endswith(b".py"):
            yield from self.wanted.shadowing.get(_key(path).rpartition("/")[0], ())
        stems = "word" if kind in WHOLE else "tail" if kind == "script" and not source.about else ""
        yield from self.ends.aims(self._anywhere(source, text), stems)
        if not texts.speaks(path, text, kind) and tasks.name_of(path) not in loading.LISTS:
            yield from self.ends.run(text, _key(split(path)[0]), kind)

    def _words(self, source: Source, text: bytes) -> Iterator[tuple[bytes, bool]]:
        """What may be a path in a text; most names of a program's, such as `a.b`, are those of no file."""
        for word, module in texts.words(source.path, text, source.kind):
            name = source.kind == "script" and not module and b"." in word and b"/" not in word and b"\\" not in word
            if (word, module) not in self.followed and (not name or not word.isascii() or word.lower() in self.names):
                yield word, module

    def _anywhere(self, source: Source, text: bytes) -> Iterator[bytes]:
        """The words of a text that may be paths from any folder."""
        if texts.speaks(source.path, text, source.kind):
            # From the home, or the root of all.
            found = (word for word, _ in texts.words(source.path, text, source.kind))
            yield from (word for word in found if word.startswith((b"~", b"/")))
            return
        if source.kind in WHOLE:
            yield from spelled.words(text)
            return
        if source.kind == "script":
            # A name alone is that of what lies beside it, if not a program's, which bears no suffix.
            found = (word for word in texts.paths(text) if b"/" in word)
            yield from (word for word in found if b"." not in split(word)[1] or self._tail(source, word))
        if spelled.moves(text):
            yield from (word for word, module in texts.words(source.path, text, source.kind) if not module)

    def _tail(self, source: Source, word: bytes) -> bool:
        return not source.about and b"/" in spelled.after(word).strip(b"./")

    def _there(self, source: Source, text: bytes) -> Iterator[bytes]:
        """The files of the tree that a text names, and that may name more."""
        told = texts.tells(text, source.kind)
        for aim in self._named_files(source, text):
            if aim in self.files and (told or not aim.lower().endswith(TEXTS)) and texts.may_name(aim):
                yield aim

    def _named_files(self, source: Source, text: bytes) -> Iterator[bytes]:
        path, kind = source.path, source.kind
        more = (*SUFFIXES, b"/package.json") if kind == "package" else SUFFIXES
        for word, module in self._words(source, text):
            for place in texts.places(path, word, module=module):
                for suffix in more if module or b"/" in word else (b"",):
                    yield from self.aliases.real(place + suffix)
        # A project's own code, which its tests' settings import, is what the tests are about.
        for place in texts.modules(path, text, kind) if kind not in LOADING else ():
            yield from self.aliases.real(place)
        yield from self.ends.files(self._anywhere(source, text))


def looked_into(changes: Iterable[Change]) -> list[Entry]:
    """What of the changes is read."""
    kinds, paths = Kinds(), sorted((change.path, change.new) for change in changes if change.new)
    return [new for path, new in paths if new.size <= LARGEST and kinds.of(path)]
