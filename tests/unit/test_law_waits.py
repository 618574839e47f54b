"""The law of waits: what a test waits for may take as long as it takes on a busy machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LEAST = 300
"""Seconds. Only what has gone wrong takes as long."""
DURATIONS = {"SETTLING"}
"""Names of times that are no limits of a wait: each strike of a fault that is meant to be seen takes as long."""
FILES = sorted(path for path in TESTS.rglob("*.py") if path.name != Path(__file__).name)


def constants(tree: ast.Module) -> dict[str, float]:
    """The module's own numbers."""
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=ast.Constant(int() | float() as value)):
                found[name] = float(value)
    return found


def asks_the_time(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("monotonic", "perf_counter"))


def limits(node: ast.AST) -> Iterator[ast.expr]:
    """The limits that a node sets to a wait, or to what may have taken long."""
    match node:
        case ast.Call(func=ast.Attribute(attr="wait" | "join"), args=[limit]):
            yield limit
        case ast.BinOp(left=left, op=ast.Add(), right=limit) if asks_the_time(left):
            yield limit
        case ast.Compare(left=ast.BinOp(left=left, op=ast.Sub()), ops=[ast.Lt() | ast.LtE()], comparators=[limit]):
            if asks_the_time(left):
                yield limit
    if isinstance(node, ast.Call):
        yield from (word.value for word in node.keywords if word.arg in ("timeout", "limit"))


def meant_to_run_out(node: ast.AST) -> bool:
    """Whether what stands below waits for something that must not come."""
    return isinstance(node, ast.With) and any("TimeoutExpired" in ast.unparse(item) for item in node.items)


def short_waits(text: str) -> list[str]:
    """Those of a test file. Below a second is how long something is done, and no wait."""
    tree = ast.parse(text)
    known = constants(tree)
    spared = {id(inner) for node in ast.walk(tree) if meant_to_run_out(node) for inner in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        for limit in limits(node) if id(node) not in spared else ():
            name = ast.unparse(limit)
            seconds = known.get(name, limit.value if isinstance(limit, ast.Constant) else None)
            if name not in DURATIONS and isinstance(seconds, int | float) and 1 <= seconds < LEAST:
                found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_test_waits_less_than_a_busy_machine_takes(path: Path) -> None:
    assert short_waits(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "process.wait(60)",
        "process.communicate(timeout=60)",
        "LIMIT = 20.0\nend = time.monotonic() + LIMIT",
        "assert time.monotonic() - began < 5",
        "subprocess.run(words, timeout=30)",
        "run(words, limit=30)",
    ],
)
def test_each_short_wait_is_seen(text: str) -> None:
    assert short_waits(text)
    assert not short_waits(
        text.replace("60", "600").replace("20.0", "600").replace("< 5", "< 600").replace("30", "300")
    )


def test_what_must_not_come_is_waited_for_as_long_as_one_likes() -> None:
    assert not short_waits("with pytest.raises(subprocess.TimeoutExpired):\n    process.wait(2)")
