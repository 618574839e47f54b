"""Reads YAML strictly: a tree in which every value knows its place, and a finding for everything that is refused.

Only what a profile needs is taken: mappings, lists and plain values in one UTF-8 document. Whatever one YAML reader
understands differently from another is refused, with the way to write it so that all of them agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.profile_values import printable, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 12
MAX_NODES = 20_000

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a text came from: the name that errors use, and the folder that its relative paths start at."""

    name: str
    folder: Path | None = None
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a source; lines and columns count from 1."""

    source: Source
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where, with which key, what, and how to mend it."""

    mark: Mark
    path: str
    what: str
    mend: str

    def __str__(self) -> str:
        end = "" if self.mend.endswith("?") else "."
        place = f"{self.mark.source.name}:{self.mark.line}:{self.mark.column}"
        return f"{place}: {self.path}: {self.what}. {self.mend}{end}"


@dataclass(frozen=True, slots=True)
class Value:
    """One plain value, and the text that it was written as."""

    mark: Mark
    value: Scalar
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    mark: Mark
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping, and what stands under it."""

    mark: Mark
    node: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; its keys are always text."""

    mark: Mark
    entries: Mapping[str, Entry]


Node = Value | Items | Table

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(
    r"[-+]?(0|[1-9][0-9]{0,17})?\.[0-9]{1,18}([eE][-+]?[0-9]{1,2})?|[-+]?[1-9][0-9]{0,17}[eE][-+]?[0-9]{1,2}"
)
_ZERO_IN_FRONT = re.compile(r"[-+]?0[0-9_]+|0[xob][0-9A-Fa-f_]+")
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
OTHER_YES_NO = {"y": "true", "yes": "true", "on": "true", "n": "false", "no": "false", "off": "false"}


class Stop(Exception):
    """Nothing after this finding can be read."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def parse(data: bytes | str, source: Source, findings: list[Finding], *, root: str = "") -> Node | None:
    """The tree of one document, or None when it is empty or cannot be read.

    Adds everything that is refused to `findings`; raises nothing. With `root`, the path of the
    value that the text stands for, lists and mappings must be written on one line, as `[a, b]` and `{a: b}`.
    """
    try:
        text = _text(data, source, root or "profile")
        return _Reader(text, source, findings, root).document()
    except Stop as stop:
        findings.append(stop.finding)
        return None


def _text(data: bytes | str, source: Source, path: str) -> str:
    start = Mark(source, 1, 1)
    if len(data) > MAX_BYTES:
        raise Stop(Finding(start, path, "is larger than 1 MiB", "Remove what does not belong into a profile"))
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace") if isinstance(data, bytes) else ""
        mark = Mark(source, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise Stop(Finding(mark, path, "is not UTF-8 text", "Save the file as UTF-8")) from None
    bad = _CONTROL.search(text)
    if bad:
        before = text[: bad.start()]
        mark = Mark(source, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise Stop(Finding(mark, path, f"holds the invisible character U+{ord(bad[0]):04X}", "Remove it"))
    return text


class _Reader:
    """Walks the parser's events, which carry positions, and builds the tree."""

    def __init__(self, text: str, source: Source, findings: list[Finding], root: str) -> None:
        self.text = text
        self.source = source
        self.findings = findings
        self.root = root
        self.path = root or "profile"
        self.nodes = 0
        self.events = self._events()

    def document(self) -> Node | None:
        node: Node | None = None
        documents = 0
        for event in self.events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._refuse(event, self.path, "starts a second document", "Keep one document: remove the `---`")
                    return node
                if event.version or event.tags:
                    self._refuse(event, self.path, "holds a % directive", "Remove it: no directive is needed")
            elif kind not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                node = self._node(event, self.root, 1)
        return node

    def _events(self) -> Iterator[Any]:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError

        # For people's files the parser in Python, which is the stricter one and whose words our refusals quote. For
        # the package's own the one in C, where there is one: it gives the same tree, and much sooner.
        pure = not self.source.built_in
        try:
            yield from YAML(typ="safe", pure=pure).parse(self.text)
        except MarkedYAMLError as error:
            raise Stop(self._syntax(error.problem_mark or error.context_mark, str(error.problem))) from None
        except (Stop, GeneratorExit):
            raise
        except Exception as error:  # The parser raises plain errors of many kinds on hostile text.
            raise Stop(self._syntax(None, type(error).__name__)) from None

    def _syntax(self, at: Any, problem: str) -> Finding:
        mark = Mark(self.source, at.line + 1, at.column + 1) if at else Mark(self.source, 1, 1)
        lines = self.text.splitlines()
        line = lines[mark.line - 1] if mark.line <= len(lines) else ""
        if line[mark.column - 1 : mark.column] == "\t" or re.match(r" *\t", line):
            return Finding(mark, self.path, "is indented with a tab", "Use spaces")
        mend = "Look at the indentation, the colons, the quotes and the brackets here and just above"
        return Finding(mark, self.path, f"is not YAML ({problem})", mend)

    def _mark(self, event: Any) -> Mark:
        return Mark(self.source, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, event: Any, path: str, what: str, mend: str) -> None:
        where = printable(path) or self.path
        self.findings.append(Finding(self._mark(event), where, printable(what), mend))

    def _node(self, event: Any, path: str, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            what = f"has more than {MAX_NODES} values"
            raise Stop(Finding(self._mark(event), self.path, what, "Remove what does not belong into a profile"))
        kind = type(event).__name__
        if kind == "AliasEvent":
            self._refuse(event, path, f"is an alias (*{event.anchor})", "Write the value out")
            return Value(self._mark(event), None, "")
        if getattr(event, "anchor", None):
            self._refuse(event, path, f"has an anchor (&{event.anchor})", "Remove it, and write values out")
        if getattr(event, "tag", None):
            self._refuse(event, path, f"has the tag {show(str(event.tag))}", "Remove it")
        if kind == "ScalarEvent":
            return self._scalar(event, path)
        if depth > MAX_DEPTH:
            what = f"is nested deeper than {MAX_DEPTH} levels"
            raise Stop(
                Finding(self._mark(event), printable(path) or self.path, what, "No key of a profile lies that deep")
            )
        if self.root and not event.flow_style:
            self._refuse(event, path, "is not written on one line", "Write a list as [a, b] and a mapping as {a: b}")
        return self._items(event, path, depth) if kind == "SequenceStartEvent" else self._table(event, path, depth)

    def _items(self, start: Any, path: str, depth: int) -> Items:
        items: list[Node] = []
        for event in self.events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            items.append(self._node(event, f"{path}[{len(items)}]", depth + 1))
        return Items(self._mark(start), tuple(items))

    def _table(self, start: Any, path: str, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        for event in self.events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self._key(event, path, depth)
            below = f"{path}.{key}" if path else str(key)
            node = self._node(next(self.events), path if key is None else below, depth + 1)
            if key is None:
                continue
            if key in entries:
                first = entries[key].mark.line
                self._refuse(event, below, f"is given twice (first in line {first})", "Keep one of the two")
            else:
                entries[key] = Entry(self._mark(event), node)
        return Table(self._mark(start), entries)

    def _key(self, event: Any, path: str, depth: int) -> str | None:
        """The key as text; None, with a finding, for anything that cannot be a key."""
        before = len(self.findings)
        if type(event).__name__ != "ScalarEvent":
            self._node(event, path, depth + 1)
            if len(self.findings) == before:
                self._refuse(event, path, "has a key that is not plain text", "Write each key as one word")
            return None
        if event.anchor or event.tag:
            self._node(event, path, depth)
        if event.value == "<<" and not event.style:
            self._refuse(event, path, "has a merge key (<<)", "Write the values out, or use extends")
            return None
        return str(event.value)

    def _scalar(self, event: Any, path: str) -> Value:
        text = str(event.value)
        bad = _CONTROL.search(text)
        if bad:
            self._refuse(event, path, f"holds the invisible character U+{ord(bad[0]):04X}", "Remove it")
        if event.style:
            return Value(self._mark(event), text, text, quoted=True)
        return Value(self._mark(event), resolve(text), text)


def ambiguity(value: Value) -> str | None:
    """Why other YAML readers may take this word for something else; None when all of them agree."""
    if value.quoted:
        return None
    if value.text.lower() in OTHER_YES_NO:
        return f"{show(value.text)} means {OTHER_YES_NO[value.text.lower()]} to some YAML readers, and a word to others"
    if _ZERO_IN_FRONT.fullmatch(value.text):
        return f"{show(value.text)} is not the same number to all YAML readers"
    return None


def resolve(text: str) -> Scalar:
    """What YAML 1.2 takes a plain word for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
