"""Texts that a pattern may take long for, made from itself: what leads to each of its repeats, and the repeat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# What stands for a class of characters: these where they are in it, else the first that is.
CHARS = "\n \ta1_\"'\\/.-=:,;|&$({[<#*@~%!"
# A repeat up to here is none that makes a text long.
FEW = 40
Node = tuple[Any, Any]


def attacks(pattern: re.Pattern[Any]) -> list[tuple[str, str]]:
    """What leads to a repeat, and what is repeated: each repeat of a pattern, in each of some spellings."""
    tree = list(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))
    return list(dict.fromkeys(_attacks(tree, "")))


def _attacks(nodes: list[Node], before: str) -> Iterator[tuple[str, str]]:
    for kind, value in nodes:
        if kind in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            least, most, inner = value
            yield from _attacks(list(inner), before)
            if most >= FEW:
                yield from ((before, unit) for unit in _samples(list(inner)) if unit)
            before += "".join(sample * max(1, least) for sample in list(_samples(list(inner)))[:1])
            continue
        for inner in _inner(kind, value):
            yield from _attacks(inner, before)
        before += next(_samples([(kind, value)]), "")


def _inner(kind: Any, value: Any) -> list[list[Node]]:
    if kind is c.BRANCH:
        return [list(one) for one in value[1]]
    if kind is c.SUBPATTERN:
        return [list(value[3])]
    return [list(value)] if kind is c.ATOMIC_GROUP else []


def _samples(nodes: list[Node]) -> Iterator[str]:
    """Short texts that a part of a pattern matches, each with other characters; none of them need be all."""
    for choice in range(len(CHARS)):
        yield "".join(_sample(node, choice) for node in nodes)


def _sample(node: Node, choice: int) -> str:
    kind, value = node
    if kind is c.LITERAL:
        return chr(int(value))
    if kind in (c.IN, c.ANY, c.NOT_LITERAL, c.CATEGORY):
        fitting = [char for char in CHARS if _fits(kind, value, char)] or _of_class(value)
        return str(fitting[choice % len(fitting)]) if fitting else ""
    if kind in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
        return "".join(_sample(one, choice) for one in value[2]) * max(1 if choice % 2 else 0, int(value[0]))
    inner = _inner(kind, value)
    return "".join(_sample(one, choice) for one in inner[choice % len(inner)]) if inner else ""


def _fits(kind: Any, value: Any, char: str) -> bool:
    if kind is c.ANY:
        return char != "\n"
    if kind is c.NOT_LITERAL:
        return char != chr(int(value))
    hit = any(_is(one, char) for one in value)
    return hit != (value[0][0] is c.NEGATE)


def _is(one: Node, char: str) -> bool:
    kind, value = one
    if kind is c.LITERAL:
        return char == chr(int(value))
    if kind is c.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    if kind is c.CATEGORY:
        classes = {c.CATEGORY_SPACE: r"\s", c.CATEGORY_WORD: r"\w", c.CATEGORY_DIGIT: r"\d"}
        classes |= {c.CATEGORY_NOT_SPACE: r"\S", c.CATEGORY_NOT_WORD: r"\W", c.CATEGORY_NOT_DIGIT: r"\D"}
        return re.match(classes[value], char) is not None
    return False


def _of_class(value: Iterable[Node]) -> list[str]:
    """The first characters of a class that none of CHARS is in."""
    return [chr(one if kind is c.LITERAL else one[0]) for kind, one in value if kind in (c.LITERAL, c.RANGE)][:3]
