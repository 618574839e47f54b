"""What is held back for its name, and what never comes back. The table itself is data: held.tsv.

A path is held back when a tool may run it, or be steered by it, though nobody asked for that: git, shells, editors,
agents, package managers, and what builds and tests. Source code that the user runs as such is not: that is what a
review is for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache

from project import spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from project.data import Change

EXECUTABLE, LINK = 0o100755, 0o120000
FILES = (0o100644, EXECUTABLE)


@dataclass(frozen=True)
class Rule:
    """A pattern of the table: what kind of thing it names, why that is held back, and which documentation says so.

    `follows` are the manifests that a lock file's content follows from.
    """

    pattern: str
    kind: str
    reason: str
    source: str
    follows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reason:
    """Why one path is held back, or never comes back. `pattern` is empty where no name tells, but content or mode."""

    kind: str
    reason: str
    pattern: str = ""


def _table() -> tuple[Rule, ...]:
    """The rows of held.tsv."""
    rules: list[Rule] = []
    kind = reason = ""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "held.tsv"), encoding="ascii") as file:
        for line in file:
            head, *rest = line.rstrip("\n").split("\t")
            if head.startswith("["):
                kind, reason = head.strip("[]"), rest[0]
            elif rest:
                follows = tuple(rest[1].split()) if len(rest) > 1 else ()
                rules += [Rule(pattern, kind, reason, rest[0], follows) for pattern in head.split()]
    return tuple(rules)


TABLE = _table()

SHORT = Reason("short-name", "on NTFS and FAT it may be another name of any of these files")
RUNS = Reason("executable", "it can be executed, and could not before")
GIT = Reason("git", "git's own folder is never touched")
PARENT = Reason("path", "a path that leaves the project, or that no filesystem keeps")
OURS = Reason("path", "the name under which apply keeps its own staged files")
OTHER = Reason("type", "neither a file nor a symbolic link")


_PLACED: dict[str, list[Rule]] = {}
for _rule in TABLE:
    if "/" in _rule.pattern:
        _name = _rule.pattern.rpartition("/")[2]
        _PLACED.setdefault("" if "*" in _name else _name, []).append(_rule)
_EXACT = {rule.pattern: rule for rule in TABLE if "*" not in rule.pattern and "/" not in rule.pattern}
_WILD = tuple((rule.pattern.split("*"), rule) for rule in TABLE if "*" in rule.pattern and "/" not in rule.pattern)
# No wildcard pattern matches what neither begins nor ends as one of them, nor has its middle: so most names are quick.
_HEADS = tuple(parts[0] for parts, _ in _WILD if parts[0])
_TAILS = tuple(parts[-1] for parts, _ in _WILD if not parts[0] and parts[-1])
_MIDDLES = tuple(parts[1] for parts, _ in _WILD if not parts[0] and not parts[-1])


def matches(parts: list[str], name: str) -> bool:
    """Whether a name is these parts, with anything between them."""
    if len(parts) == 1:
        return name == parts[0]
    head, *middle, tail = parts
    if len(name) < len(head) + len(tail) or not (name.startswith(head) and name.endswith(tail)):
        return False
    at, end = len(head), len(name) - len(tail)
    for part in middle:
        at = name.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


@lru_cache(maxsize=65536)
def of_component(folded: str) -> tuple[Reason, ...]:
    """Why what bears a folded name is held back for it, one reason a kind."""
    found: dict[str, Reason] = {}
    for rule in rules_of(folded):
        found.setdefault(rule.kind, Reason(rule.kind, rule.reason, rule.pattern))
    if "lock" in found:
        # Its own row says more than the one for all that its package manager reads.
        found.pop("packages", None)
    return (*found.values(), SHORT) if spelling.is_short_name(folded) else tuple(found.values())


def rules_of(folded: str) -> list[Rule]:
    """The rules that name a folded component."""
    found = [_EXACT[folded]] if folded in _EXACT else []
    if folded.startswith(_HEADS) or folded.endswith(_TAILS) or any(middle in folded for middle in _MIDDLES):
        found += [rule for parts, rule in _WILD if matches(parts, folded)]
    return found


@lru_cache(maxsize=65536)
def of_place(folded: str) -> tuple[Reason, ...]:
    """Why what is a file or a link is held back for the end of its path: the last folder, if any, a slash, a name."""
    rules = (*_PLACED.get(folded.rpartition("/")[2], ()), *_PLACED[""])
    found = (rule for rule in rules if matches(rule.pattern.split("*"), folded))
    return tuple(Reason(rule.kind, rule.reason, rule.pattern) for rule in found)


def by_name(path: bytes) -> list[Reason]:
    """Why a path is held back for its name alone, one reason a kind."""
    parts = spelling.components(path)
    found = [*(reason for part in parts for reason in of_component(part)), *of_place("/".join(["", *parts][-2:]))]
    return list({reason.kind: reason for reason in found}.values())


def of_folder(path: bytes) -> list[Reason]:
    """Why all that is in a folder is held back for where it is."""
    return [reason for part in spelling.components(path) for reason in of_component(part)]


def by_mode(change: Change, leads: bool = False) -> list[Reason]:
    """Why a change is held back for what it becomes: something to execute that was none before.

    A new link is one where it `leads` to something to execute: it gives that a name which it did not have.
    """
    old, new = change.old, change.new
    if new is None:
        return []
    return [RUNS] if leads or (new.mode == EXECUTABLE and (old is None or old.mode != EXECUTABLE)) else []


def never(path: bytes, mode: int | None) -> Reason | None:
    """Why a path never comes back, whoever says yes. Where a link leads is a question for links.py."""
    parts = path.split(b"/")
    if not path or path.startswith(b"/") or b"\0" in path or any(part in (b"", b".", b"..") for part in parts):
        return PARENT
    if any(len(part) > 255 for part in parts) or len(path) > 4095:
        return PARENT
    folded = spelling.components(path)
    if any(map(spelling.is_git, folded)):
        return GIT
    if any(part in ("", ".", "..") or ("." in part and not part.strip(". ")) for part in folded):
        return PARENT
    if folded[0].startswith(".gen-apply-"):
        return OURS
    return OTHER if mode is not None and mode not in (*FILES, LINK) else None
