"""Finds the files of a profile (itself, what it extends, and --set) and lays them over one another."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from generator.profile_values import nearest, printable, show
from generator.profile_yaml import MAX_BYTES, Entry, Finding, Mark, Node, Source, Table, Value, parse
from generator.resources import templates

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_EXTENDS = 8
ENDS = (".yaml", ".yml")
SET = "--set"
"""What stands for the file's name where a value was given on the command line."""
# Sections that may be one word, and the key that the word then is. As a key of its own it leaves the others of the
# section as a base has them.
SHORT = {"isolation": "backend"}
_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(slots=True)
class Layers:
    """The tables of a profile, the base first; `complete` is False when one could not be read."""

    tables: list[Table] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    complete: bool = True

    def fail(self, mark: Mark, path: str, what: str, mend: str) -> None:
        """Notes that a layer is missing, and why."""
        self.findings.append(Finding(mark, path, what, mend))
        self.complete = False


def profile_names() -> tuple[str, ...]:
    """The names of the built-in profiles, sorted."""
    return tuple(sorted(path.stem for path in (templates() / "profiles").glob("*.yaml")))


def is_name(ref: str | Path) -> bool:
    """Whether this asks for a built-in profile; anything with a dot or a slash is a path."""
    return isinstance(ref, str) and bool(_NAME.fullmatch(ref))


def read_layers(ref: str | Path, sets: Sequence[str]) -> Layers:
    """Reads the profile that was asked for, all that it extends, and the --set texts. Raises nothing."""
    layers = Layers()
    _read_chain(layers, ref)
    for number, text in enumerate(sets, start=1):
        _read_set(layers, text, number)
    return layers


def merge(base: Table, top: Table) -> Table:
    """The keys of both; mappings are merged, everything else is replaced by what `top` says."""
    entries = dict(base.entries)
    for key, entry in top.entries.items():
        below = entries.get(key)
        if below and isinstance(below.node, Table) and isinstance(entry.node, Table):
            entry = Entry(entry.mark, merge(below.node, entry.node))
        entries[key] = entry
    return Table(top.mark, entries)


def spelled_out(table: Table) -> Table:
    """The same keys, with each section that is one word as the mapping that it stands for."""
    entries = dict(table.entries)
    for section, key in SHORT.items():
        entry = entries.get(section)
        if entry and isinstance(entry.node, Value) and entry.node.text:
            entries[section] = Entry(entry.mark, Table(entry.node.mark, {key: Entry(entry.node.mark, entry.node)}))
    return Table(table.mark, entries)


def _read_chain(layers: Layers, ref: str | Path) -> None:
    mark = Mark(Source(printable(str(ref))), 1, 1)
    path, folder, seen = "profile", Path(), list[str]()
    while True:
        found = _locate(layers, ref, folder, mark, path)
        if found is None:
            return
        source, file = found
        identity = os.path.realpath(file)
        if identity in seen:
            layers.fail(mark, path, f"leads back to {source.name}, which extends this file", "Remove one of the two")
            return
        seen.append(identity)
        if len(seen) > MAX_EXTENDS:
            layers.fail(mark, path, f"is more than {MAX_EXTENDS} profiles deep", "Extend fewer profiles")
            return
        table = _read_file(layers, source, file, mark, path)
        if table is None:
            return
        extends = table.entries.get("extends")
        layers.tables.insert(0, Table(table.mark, {k: v for k, v in table.entries.items() if k != "extends"}))
        if extends is None:
            return
        if not isinstance(extends.node, Value) or not isinstance(extends.node.value, str) or not extends.node.value:
            mend = f"Write one name ({', '.join(profile_names())}) or one path"
            layers.fail(extends.node.mark, "extends", "is not the name or the path of a profile", mend)
            return
        ref, folder, mark, path = extends.node.value, file.parent, extends.node.mark, "extends"


def _locate(layers: Layers, ref: str | Path, folder: Path, mark: Mark, path: str) -> tuple[Source, Path] | None:
    if is_name(ref):
        if ref in profile_names():
            file = templates() / "profiles" / f"{ref}.yaml"
            return Source(f"templates/profiles/{ref}.yaml", file.parent, built_in=True), file
        mend = f"{nearest(str(ref), profile_names())} A file is given by its path: ./{ref}.yaml"
        mend = mend.replace(" A file", ". A file", 1) if "?" not in mend else mend
        layers.fail(mark, path, f"{show(str(ref))} is not a built-in profile", mend)
        return None
    file = folder / ref
    if "\0" in str(file):
        layers.fail(mark, path, f"`{printable(str(file))}` is not a path", "Remove the NUL character")
        return None
    name = printable(str(file)) if path == "profile" or not mark.source.built_in else str(ref)
    return Source(name, file.parent), file


def _read_file(layers: Layers, source: Source, file: Path, mark: Mark, path: str) -> Table | None:
    if source.built_in:
        table, findings = _built_in(file, source)
    else:
        data = _bytes(layers, file, mark, path)
        if data is None:
            return None
        table, findings = _parse_file(data, source)
    layers.sources.append(source)
    layers.findings.extend(findings)
    layers.complete = layers.complete and table is not None
    return table


def _bytes(layers: Layers, file: Path, mark: Mark, path: str) -> bytes | None:
    mend = "Give the path of a profile that exists and that you may read"
    try:
        if not file.is_file():
            layers.fail(mark, path, f"`{printable(str(file))}` is not a file", mend)
            return None
        # Our errors quote what is wrong. What a profile names must be one too, or it could have us print any file.
        if path == "extends" and not all(str(name).endswith(ENDS) for name in (file, os.path.realpath(file))):
            layers.fail(mark, path, f"`{printable(str(file))}` is not named like a profile", f"{mend}: *.yaml or *.yml")
            return None
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        layers.fail(mark, path, f"`{printable(str(file))}` cannot be read: {reason}", mend)
        return None


@cache
def _built_in(file: Path, source: Source) -> tuple[Table | None, tuple[Finding, ...]]:
    return _parse_file(file.read_bytes(), source)


def _parse_file(data: bytes, source: Source) -> tuple[Table | None, tuple[Finding, ...]]:
    findings: list[Finding] = []
    node = parse(data, source, findings)
    if isinstance(node, Table):
        return node, tuple(findings)
    mend = "Write at least `name: my-sandbox`"
    if not findings:
        what = "is empty" if node is None else "is not a mapping of keys to values"
        findings.append(Finding(node.mark if node else Mark(source, 1, 1), "profile", what, mend))
    return None, tuple(findings)


def _read_set(layers: Layers, text: str, number: int) -> None:
    source = Source(SET, Path())
    mark = Mark(source, number, 1)
    if source not in layers.sources:
        layers.sources.append(source)
    path, equals, value = text.partition("=")
    keys = path.split(".")
    shown = show(path).strip("` ") or "profile"
    if not equals:
        layers.fail(mark, shown, "has no value", "Write key=value, such as storage.size=40G")
    elif not all(_NAME.fullmatch(key) for key in keys):
        layers.fail(mark, shown, "is not a key", "Write key=value, such as storage.size=40G")
    elif keys[0] == "extends":
        layers.fail(mark, shown, "can only be given in a file", "Give the other profile with --profile instead")
    else:
        node = _set_value(layers, value, Mark(source, number, len(path) + 2), path)
        if node is not None:
            layers.tables.append(_nest(keys, node, source, number))


def _set_value(layers: Layers, value: str, mark: Mark, path: str) -> Node | None:
    if "\n" in value or "\r" in value:
        layers.fail(mark, path, "has more than one line", "Write the value on one line")
        return None
    before = len(layers.findings)
    # The padding makes the parser's positions those within the text that the user typed.
    padding = "\n" * (mark.line - 1) + " " * (mark.column - 1)
    node = parse(padding + value, mark.source, layers.findings, root=path)
    if len(layers.findings) > before:
        layers.complete = False
        return None
    if " #" in f" {value}" and (node is None or (isinstance(node, Value) and "#" not in node.text)):
        layers.fail(mark, path, "is cut off at the #, which starts a comment", "Put the value in quotes, inside others")
        return None
    return node or Value(mark, None, "")


def _nest(keys: list[str], node: Node, source: Source, number: int) -> Table:
    column = 1 + sum(len(key) + 1 for key in keys)
    start = Mark(source, number, 1)
    for key in reversed(keys[1:]):
        column -= len(key) + 1
        mark = Mark(source, number, column)
        node = Table(mark, {key: Entry(mark, node)})
    return Table(start, {keys[0]: Entry(start, node)})
