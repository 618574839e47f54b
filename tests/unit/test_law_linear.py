"""Law: no pattern takes longer than in proportion to the text. What an agent writes would make a review stand still.

Judged by processor time against that of a plain search on the same machine, the least of some goes: a machine that
is slow, or busy, is so for both.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from project import mentions, packages, secret
from project.secret_table import BY_CONTENT
from project.verdict import judge

from tests.unit.applying import Tree, Versions
from tests.unit.patterns import attacks

ROOT = Path(__file__).parents[2]
# Packages whose patterns meet what others wrote; in templates/lib as a bundle has them.
PLACES = ("templates/lib/project", "templates/lib/microvm", "generator")
# Patterns that are made while the program runs: of names of a table, words of at most 1,024 letters, keys, the owner's
# paths.
MADE = {"project.secret", "project.spelled", "project.patterns", "project.outside", "generator.profile_values"}
# What a text is looked through by: a method of a pattern.
Look = Any
# The shortest is for what grows beyond all measure, which would never end with the others.
LENGTHS = (24, 1024, 16384)
# A character may cost so many times what a plain search does, in the worst text that there is.
DEARER = 200
RUNS = (
    "\n", " ", "\t", "\r\n", '"', "'", "\\", "/", ".", "-", "_", "a", "0", "(", ")", "[", "]", "{", "}", "<", "#", ",",
    ":", "=", "a=", '"a":', "$(", "${", "$a", "%a%", "a,", "a b ", "a\n", "\n ", "\n\t", "- ", "a.", "a/", "../", "-a ",
    "--a\n", '"a", ', "a: ", "\\\n", "``", "@a", "x\r", "\n-", "\0", "é", "~", "*", "&", "|",
)  # fmt: skip


def least(action: Callable[[], object], goes: int = 3) -> float:
    found = []
    for _ in range(goes):
        began = time.process_time()
        action()
        found.append(time.process_time() - began)
    return min(found)


@lru_cache(maxsize=8)
def allowed(length: int) -> float:
    """What so many characters may cost: a plain search through DEARER times as many."""
    plain, text = re.compile(rb"(?:ab|[c-x]d)y"), b"a" * (length * DEARER)
    return least(lambda: plain.search(text), 5)


def modules() -> Iterator[ModuleType]:
    for place in PLACES:
        for file in sorted((ROOT / place).rglob("*.py")):
            base = ROOT if place == "generator" else ROOT / "templates/lib"
            name = ".".join(file.relative_to(base).with_suffix("").parts)
            if "guest" not in name and not name.endswith("__main__"):
                yield importlib.import_module(name.removesuffix(".__init__"))


def patterns() -> dict[str, Look]:
    """Each pattern by the place it stands at, as it is used there."""
    found: dict[str, Look] = {f"secret_table: {name}": re.compile(pattern).finditer for name, pattern in BY_CONTENT}
    found["secret: names"] = (secret.Secrets().names.others or re.compile(b"")).fullmatch
    for module in modules():
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
        named = {
            id(node.value): node.targets[0].id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and (way := of_re(call.func)):
                place = f"{module.__name__}:{call.lineno}"
                try:
                    pattern = re.compile(evaluated(call.args[0], module), flags(call, module))
                except NameError:
                    assert module.__name__ in MADE, f"{place}: a pattern that only the running program knows"
                    continue
                name = named.get(id(call))
                ways = {node.attr for node in used if ast.unparse(node.value) == name} if name else {way}
                # Of these each begins at one place alone.
                found[place] = next(
                    (getattr(pattern, each) for each in ("fullmatch", "match") if ways == {each}), pattern.finditer
                )
    return found


def of_re(function: ast.expr) -> str:
    """What a call asks the module `re` for."""
    known = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re"
    return function.attr if known and isinstance(function, ast.Attribute) and function.attr != "escape" else ""


def flags(call: ast.Call, module: ModuleType) -> int:
    """The flags of a call of `re`; only `compile` takes them without a name here."""
    given = [word.value for word in call.keywords if word.arg == "flags"]
    given += call.args[1:2] if of_re(call.func) == "compile" else []
    return sum(evaluated(each, module) for each in given)


def evaluated(node: ast.expr, module: ModuleType) -> Any:
    return eval(compile(ast.Expression(node), "pattern", "eval"), dict(vars(module)))  # noqa: S307 - our own code


PATTERNS = patterns()


def texts(pattern: re.Pattern[Any], length: int) -> Iterator[tuple[str, str]]:
    """Long texts that it may take long for."""
    for run in RUNS:
        yield f"{run!r}*", (run * length)[:length]
        # What would end well, and does not.
        yield f"{run!r}* and no more", (run * length)[: length - 1] + "\1"
    for before, unit in attacks(pattern):
        yield f"{before!r} + {unit!r}*", before + (unit * length)[: length - len(before)]
        yield f"({before!r} + {unit!r})*", ((before + unit) * length)[:length]
        yield f"({before!r} + {unit!r} * 200)*", ((before + unit * 200) * length)[:length]


def dear(look: Look) -> str:
    """A text that a pattern takes too long for. Short ones first: the worst are seen by these, and soon."""
    pattern = look.__self__
    for length in LENGTHS:
        for said, text in dict(texts(pattern, length)).items():
            whole = text.encode("utf-8") if isinstance(pattern.pattern, bytes) else text
            action = partial(looked, look, whole)
            if least(action, 1) > allowed(length) and (took := least(action)) > allowed(length):
                return f"{length} characters of {said}: {took / allowed(length):.1f} times what it may"
    return ""


def looked(look: Look, text: Any) -> None:
    """All that a pattern finds, from one place after the other."""
    found = look(text)
    if not isinstance(found, re.Match):
        for _ in found or ():
            pass


@pytest.mark.parametrize("place", PATTERNS)
def test_no_pattern_takes_longer_than_in_proportion_to_the_text(place: str) -> None:
    assert dear(PATTERNS[place]) == ""


@pytest.mark.parametrize(
    "pattern",
    [rb"(?m)^[\s-]*PATH", rb"(?m)^\s*key", rb"\[a\](?:.*\n)*?b", rb"-(?:a+)+b", rb"\s+$", rb"x(?:\\\n|[^#])+\("],
)
def test_the_control_a_pattern_that_reads_again_what_it_has_read_is_seen(pattern: bytes) -> None:
    assert dear(re.compile(pattern).finditer)


CHAINS = {
    "each runs the next": lambda i: (f"a{i}", f"a{i + 1}"),
    "each has a pattern": lambda i: (f"pre{i}" if i % 2 else f"a{i}", f"b{i}*c"),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_scripts_that_run_each_other_are_each_looked_at_once(chain: str) -> None:
    def package(length: int) -> bytes:
        found = dict(CHAINS[chain](number) for number in range(length // 20))
        return json.dumps({"scripts": {"prepare": "a0", **found}}).encode()

    # What is read of one word costs much more than a character, and still no more than in proportion.
    short, long = (partial(packages.run_unasked, package(length)) for length in (32768, 131072))
    assert least(long, 2) < 8 * least(short)


def test_a_tree_of_long_texts_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mentions, "FILES", 8)
    made: Tree = {f"{number}/.envrc": "\n" * 20000 for number in range(4)}
    versions = Versions({}, {**made, "src/a.py": "x"})
    held = {one.change.path: one.held for one in judge(versions.changes, versions.blob, None)}
    assert mentions.MANY in held[b"src/a.py"]
