"""A lock file that follows from its manifest can be accepted with all others of its kind; no other one can."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project import kinds, locks, risky
from project.risky import Reason
from project.verdict import judge

from tests.unit.applying import Tree, Versions
from tests.unit.tracking import Tracked

OLD = '"resolved": "https://one.example/a.tgz"\n'
MORE = OLD + '"resolved": "https://ONE.example:443/b.tgz"\n'
OTHER = OLD + '"resolved": "git+ssh://git@two.example/b"\n'
ASKS = '{"dependencies": {"b": "1"}}'
LOCKS = (
    # base, sandbox, the lock file, its kinds
    ({"go.sum": "a", "go.mod": "a"}, {"go.sum": "b", "go.mod": "b"}, "go.sum", {"lock"}),
    ({"go.sum": "a", "go.mod": "a"}, {"go.sum": "b", "go.mod": "a"}, "go.sum", {"lock", "packages"}),
    ({"go.sum": "a", "x/go.mod": "a"}, {"go.sum": "b", "x/go.mod": "b"}, "go.sum", {"lock"}),
    ({"x/go.sum": "a", "go.mod": "a"}, {"x/go.sum": "b", "go.mod": "b"}, "x/go.sum", {"lock", "packages"}),
    ({"yarn.lock": OLD, "package.json": "{}"}, {"yarn.lock": MORE, "package.json": ASKS}, "yarn.lock", {"lock"}),
    (
        {"yarn.lock": OLD, "package.json": "{}"},
        {"yarn.lock": OTHER, "package.json": ASKS},
        "yarn.lock",
        {"lock", "packages"},
    ),
    # Of a new one nothing tells which hosts it may name.
    ({}, {"yarn.lock": OLD, "package.json": ASKS}, "yarn.lock", {"lock", "packages"}),
    ({"go.sum": "a", "go.mod": "a"}, {"go.sum": "b"}, "go.sum", {"lock", "packages"}),
    ({"a/go.sum": "a", "ab/go.mod": "a"}, {"a/go.sum": "b", "ab/go.mod": "b"}, "a/go.sum", {"lock", "packages"}),
    ({"Gemfile": "", "Gemfile.lock": ""}, {"Gemfile": "x", "Gemfile.lock": "x"}, "Gemfile.lock", {"lock"}),
)


@pytest.mark.parametrize(("base", "sandbox", "lock", "wanted"), LOCKS)
def test_what_a_lock_file_is_held_back_for(base: Tree, sandbox: Tree, lock: str, wanted: set[str]) -> None:
    versions = Versions(base, sandbox)
    held = {os.fsdecode(one.change.path): one.held for one in judge(versions.changes, versions.blob, None)}
    assert {reason.kind for reason in held[lock]} == wanted


# Another word for people, and a lock file: the manifest before and after, the lock file's name.
TOLD = (
    ("package.json", '{"description": "a"}', '{"description": "b"}', "package-lock.json"),
    ("package.json", '{"scripts": {"a": "b"}}', '{"scripts": {"a": "c"}, "version": "2"}', "pnpm-lock.yaml"),
    ("composer.json", '{"description": "a"}', '{"description": "b", "keywords": ["x"]}', "composer.lock"),
    ("pyproject.toml", '[project]\ndescription = "a"\n', '[project]\ndescription = "b" # b\n\n# c\n', "uv.lock"),
    ("pyproject.toml", '[tool.poetry]\nversion = "1"\n', '[tool.poetry]\nversion = "2"\n', "poetry.lock"),
    ("Cargo.toml", '[package]\nversion = "1"\n', '[package]\nversion  =  "2"\n', "Cargo.lock"),
    ("go.mod", "module a\n", "module b\n\n// words\n", "go.sum"),
    ("Gemfile", "gem 'a'\n", "gem 'a' # words\n", "Gemfile.lock"),
    ("pubspec.yaml", "description: a\n", "description: b\n", "pubspec.lock"),
    ("mix.exs", "# a\n", "# b\n", "mix.lock"),
)


@pytest.mark.parametrize(("manifest", "before", "after", "lock"), TOLD)
def test_a_manifest_that_asks_for_nothing_else(manifest: str, before: str, after: str, lock: str) -> None:
    found = reasons({manifest: before, lock: "a"}, {manifest: after, lock: "b"}, lock)
    assert locks.ALONE in found
    # One that is removed asks for nothing, too; one that does ask is what a lock file follows from.
    assert locks.ALONE in reasons({manifest: after, lock: "a"}, {lock: "b"}, lock)
    more = '{"dependencies": {"b": "1"}, "require": {"b": "1"}}' if manifest.endswith(".json") else f"{after}asks b\n"
    assert locks.ALONE not in reasons({manifest: before, lock: "a"}, {manifest: more, lock: "b"}, lock)


# What each package manager writes where it installs what no registry has.
LOCAL = {
    "package-lock.json": '"resolved": "file:v.tgz"|"resolved": "tools/x"|"resolved": "git+ssh://git@one.example/a.git"',
    "yarn.lock": '"x@file:./v.tgz":|"x@link:./x"|"x@portal:./x"|resolved "file:v.tgz"|resolved "git@one.example:a/b"'
    '|"x@patch:x@npm%3A1.0.0#./fixes/x.patch":|"x@workspace:tools/x":|resolved "https://codeload.github.com/a/c/tar.gz/1"',
    "pnpm-lock.yaml": "tarball: file:v.tgz|version: link:x|resolution: {directory: x, type: directory}|repo: git@h:a/b",
    "bun.lock": '"x": ["x@file:./v.tgz"]|"x": ["x@github:a/b"]',
    "poetry.lock": 'url = "vendor/x"|url = "git+https://one.example/x"',
    "uv.lock": 'source = { path = "v.whl" }|source = { directory = "x" }|source = { git = "ssh://git@one.example/x" }'
    '|source = { git = "ext::sh -c x" }',
    "pdm.lock": 'path = "./v.whl"',
    "Pipfile.lock": '"path": "./x"',
    "pylock.toml": 'archive = { path = "v.tgz" }|directory = {path = "x"}',
    "Cargo.lock": 'source = "git+https://one.example/x#1"|source = "git+https://github.com/a/c#1"',
    "go.sum": "two.example/x v1.0.0 h1:x=|github.com/evil/x v1.0.0 h1:x=",
    "composer.lock": '"url": "vendor/x"|"url": "../x"|"url": "https://api.github.com/repos/a/c/zipball/1"',
    "flake.lock": '"owner": "evil"|"repo": "backdoor"|"url": "github:a/c"|"path": "/x"|"host": "evil.example"',
    "Package.resolved": '"location": "https://github.com/evil/x.git"|"location": "/x"',
    "deno.lock": '"https://deno.land/x/evil/mod.ts": "1"|"https://raw.githubusercontent.com/a/c/x.ts": "1"',
    "conan.lock": '"zlib/1.2.13@evil/stable#1%2"',
    "mix.lock": '"x": {:git, "https://github.com/evil/x.git", "1", []},',
    "Gemfile.lock": "PATH\n  remote: .\n|GIT\n  remote: git@one.example:a/b\n",
    "pubspec.lock": 'path: "../x"|url: "https://github.com/a/c"',
}


@pytest.mark.parametrize(("lock", "said"), [(lock, one) for lock, text in LOCAL.items() for one in text.split("|")])
def test_a_lock_file_that_installs_what_no_registry_has(lock: str, said: str) -> None:
    manifest = {"go.sum": "go.mod", "Cargo.lock": "Cargo.toml"}.get(lock) or next(
        name for name in ("package.json", "pyproject.toml", "composer.json", "Gemfile", "Pipfile", "pubspec.yaml",
                          "flake.nix", "Package.swift", "conanfile.py", "mix.exs")
        if any(risky.matches(rule.split("*"), name.lower()) if "*" in rule else rule == name.lower()
               for rule in locks.follows(lock.encode()))
    )  # fmt: skip
    text = 'https://one.example/a.tgz\none.example/a v1.0.0 h1:x=\n"version": "1"\ngithub.com/a/b v1.0.0 h1:x=\n'
    text += "https://github.com/a/b https://api.github.com/repos/a/b/x https://codeload.github.com/a/b/tar.gz/0\n"
    text += 'git+https://github.com/a/b#0 "owner": "a" "repo": "b" "type": "github"\n'
    asks = ASKS.replace("}}", '}, "require": {"b": "1"}}')
    found = reasons({manifest: "", lock: text}, {manifest: asks, lock: f"{text}{said}\n"}, lock)
    assert [reason.kind for reason in found] == ["lock", "packages"]
    # The control: the same registry has one more.
    plain = f"{text}https://one.example/b.tgz\none.example/b v1.0.0 h1:x=\ngithub.com/a/b v1.0.1 h1:x=\n"
    plain += "https://github.com/a/b https://codeload.github.com/a/b/tar.gz/1 git+https://github.com/a/b#1\n"
    plain += '"typescript@patch:typescript@npm%3A5.0.0#~builtin<compat/typescript>":\n"file": "a-1.0.whl"\n'
    assert [reason.kind for reason in reasons({manifest: "", lock: text}, {manifest: asks, lock: plain}, lock)] == [
        "lock"
    ]


def test_a_yes_for_lock_files_installs_no_archive_of_the_agents(tmp_path: Path) -> None:
    base: Tree = {"package.json": '{"description": "a"}', "package-lock.json": "{}"}
    lock = '{"packages": {"node_modules/x": {"resolved": "file:vendor.tgz", "hasInstallScript": true}}}'
    tracked = Tracked(tmp_path, base)
    tracked.commit({"package.json": '{"description": "b"}', "package-lock.json": lock, "vendor.tgz": "evil"})
    assert brought(tracked, "--accept-kind", "lock") == {"package.json"}


def reasons(base: Tree, sandbox: Tree, path: str) -> tuple[Reason, ...]:
    """What a path is held back for."""
    versions = Versions(base, sandbox)
    return next(one.held for one in judge(versions.changes, versions.blob, None) if one.change.path == path.encode())


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
    tracked.run("review")
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
        # Its manifest is held back, and does not come: nobody would know what it follows from.
        (("--accept-kind", "lock"), set()),
        (("--accept-kind", "executable"), {"run.sh"}),
        (
            ("--accept-kind", "executable", "--accept-kind", "lock", "--accept", "go.mod"),
            {"go.sum", "go.mod", "run.sh"},
        ),
        (("--accept-kind", "lock", "--accept", "go.mod", "--only", "run.sh"), set()),
        (("--accept-kind", "lock", "--accept", "go.mod"), {"go.sum", "go.mod"}),
    ],
)
def test_one_yes_for_a_kind(tracked: Tracked, words: tuple[str, ...], wanted: set[str]) -> None:
    assert brought(tracked, *words) == wanted


@pytest.mark.parametrize("kind", ["hook", "packages", "ci", "named", "settings", "nonsense", ""])
def test_no_such_yes_where_something_may_run_by_itself(tracked: Tracked, kind: str) -> None:
    tracked.run("review")
    done = tracked.run("apply", "--yes", "--accept-kind", kind, check=False)
    assert done.returncode == 2
    assert "One yes covers these kinds: lock, executable" in done.stderr
    assert kind not in kinds.TOGETHER
