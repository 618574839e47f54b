"""A lock file that follows from its manifest can be accepted with all others of its kind; no other one can."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project import kinds
from project.verdict import judge

from tests.unit.applying import Tree, Versions
from tests.unit.tracking import Tracked

OLD = '"resolved": "https://one.example/a.tgz"\n'
MORE = OLD + '"resolved": "https://ONE.example:443/b.tgz"\n'
OTHER = OLD + '"resolved": "git+ssh://git@two.example/b"\n'
LOCKS = (
    # base, sandbox, the lock file, its kinds
    ({"go.sum": "a", "go.mod": "a"}, {"go.sum": "b", "go.mod": "b"}, "go.sum", {"lock"}),
    ({"go.sum": "a", "go.mod": "a"}, {"go.sum": "b", "go.mod": "a"}, "go.sum", {"lock", "packages"}),
    ({"go.sum": "a", "x/go.mod": "a"}, {"go.sum": "b", "x/go.mod": "b"}, "go.sum", {"lock"}),
    ({"x/go.sum": "a", "go.mod": "a"}, {"x/go.sum": "b", "go.mod": "b"}, "x/go.sum", {"lock", "packages"}),
    ({"yarn.lock": OLD, "package.json": "{}"}, {"yarn.lock": MORE, "package.json": '{"a": 1}'}, "yarn.lock", {"lock"}),
    (
        {"yarn.lock": OLD, "package.json": "{}"},
        {"yarn.lock": OTHER, "package.json": '{"a": 1}'},
        "yarn.lock",
        {"lock", "packages"},
    ),
    ({}, {"yarn.lock": OLD, "package.json": "{}"}, "yarn.lock", {"lock"}),
    ({"go.sum": "a", "go.mod": "a"}, {"go.sum": "b"}, "go.sum", {"lock", "packages"}),
    ({"a/go.sum": "a", "ab/go.mod": "a"}, {"a/go.sum": "b", "ab/go.mod": "b"}, "a/go.sum", {"lock", "packages"}),
    ({"Gemfile": "", "Gemfile.lock": ""}, {"Gemfile": "x", "Gemfile.lock": "x"}, "Gemfile.lock", {"lock"}),
)


@pytest.mark.parametrize(("base", "sandbox", "lock", "wanted"), LOCKS)
def test_what_a_lock_file_is_held_back_for(base: Tree, sandbox: Tree, lock: str, wanted: set[str]) -> None:
    versions = Versions(base, sandbox)
    held = {os.fsdecode(one.change.path): one.held for one in judge(versions.changes, versions.blob, None)}
    assert {reason.kind for reason in held[lock]} == wanted


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    """Two lock files, of which one follows from its manifest, and two programs, of which one is a hook."""
    base: Tree = {"go.mod": "a", "go.sum": "a", "x/yarn.lock": "a", "run.sh": "a"}
    sandbox: Tree = {
        "go.mod": "b", "go.sum": "b", "x/yarn.lock": "b", "run.sh": ("a", 0o755), ".husky/pre-push": ("a", 0o755)
    }  # fmt: skip
    tracked = Tracked(tmp_path, base)
    tracked.commit(sandbox)
    return tracked


def brought(tracked: Tracked, *words: str) -> set[str]:
    """What an apply brings."""
    tracked.review()
    before = {path: path.read_bytes() + bytes([path.stat().st_mode & 0o111]) for path in _files(tracked)}
    tracked.run("apply", "--yes", *words)
    return {
        path.relative_to(tracked.project).as_posix()
        for path in _files(tracked)
        if before.get(path) != path.read_bytes() + bytes([path.stat().st_mode & 0o111])
    }


def _files(tracked: Tracked) -> list[Path]:
    return [path for path in tracked.project.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), set()),
        (("--accept-kind", "lock"), {"go.sum"}),
        (("--accept-kind", "executable"), {"run.sh"}),
        (("--accept-kind", "executable", "--accept-kind", "lock"), {"go.sum", "run.sh"}),
        (("--accept-kind", "lock", "--only", "run.sh"), set()),
        (("--accept-kind", "lock", "--accept", "go.mod"), {"go.sum", "go.mod"}),
    ],
)
def test_one_yes_for_a_kind(tracked: Tracked, words: tuple[str, ...], wanted: set[str]) -> None:
    assert brought(tracked, *words) == wanted


@pytest.mark.parametrize("kind", ["hook", "packages", "ci", "named", "settings", "nonsense", ""])
def test_no_such_yes_where_something_may_run_by_itself(tracked: Tracked, kind: str) -> None:
    tracked.review()
    done = tracked.run("apply", "--yes", "--accept-kind", kind, check=False)
    assert done.returncode == 2
    assert "One yes covers these kinds: lock, executable" in done.stderr
    assert kind not in kinds.TOGETHER
