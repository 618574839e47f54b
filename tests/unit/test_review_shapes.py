"""Names that together make of a folder something that is run: over several applies, with whatever the host has."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project import shapes
from project.host import Host
from project.verdict import judge

from tests.unit.applying import Link, Tree, Versions, make

# A repository that is none until all of it is there: git asks its fsmonitor as soon as somebody asks git for the status.
CONFIG = "[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = \"touch '{}'; false\"\n"
PARTS: tuple[Mapping[str, object], ...] = (
    {"HEAD": "ref: refs/heads/main\n", "objects/x": "", "refs/x.bib": "", "config": CONFIG},
    {"HEAD": Link("refs/heads/main"), "objects/x": "", "refs/heads/main": "0" * 40 + "\n", "config": CONFIG},
    {
        "HEAD": "ref: refs/heads/main\n",
        "commondir": "store\n",
        "store/objects/x": "",
        "store/refs/x": "",
        "config": CONFIG,
    },
    {"HEAD": "ref: refs/heads/main\n", "objects": Link("../a"), "refs": Link("../a"), "../a/x": "", "config": CONFIG},
)


def below(folder: str, tree: Tree) -> dict[str, object]:
    """The tree in a folder of the project."""
    return {os.path.normpath(f"{folder}/{name}").lstrip("/"): value for name, value in tree.items()}


def verdicts(project: Path | None, tree: Tree) -> tuple[set[str], set[str], set[str]]:
    """Of new files: what comes back by itself, what is held back, what never comes."""
    versions = Versions({}, tree)
    if project is None:
        found = judge(versions.changes, versions.blob, None)
    else:
        with Host(os.fsencode(project)) as host:
            found = judge(versions.changes, versions.blob, host)
    names = {os.fsdecode(one.change.path): one for one in found}
    never = {name for name, one in names.items() if one.never}
    held = {name for name, one in names.items() if one.held} - never
    return set(names) - held - never, held, never


def applied(project: Path, tree: Tree, *, sees_host: bool = True) -> None:
    """What an apply to which nobody says more than yes makes of the project."""
    free, _, _ = verdicts(project if sees_host else None, tree)
    make(project, {name: value for name, value in tree.items() if name in free})


def is_repository(folder: Path) -> bool:
    """As git tells one: is_git_directory() in its setup.c."""
    if not os.path.lexists(folder / "HEAD"):
        return False
    return (folder / "commondir").is_file() or all((folder / name).exists() for name in ("objects", "refs"))


def asked(folder: Path, mark: Path) -> bool:
    """Whether git, asked for the status in a folder, starts what its config names."""
    config = folder / "config"
    if config.is_file():
        config.write_text(config.read_text().format(mark))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    subprocess.run(
        ("git", "status"),
        cwd=folder,
        env={**environment, "GIT_CEILING_DIRECTORIES": "/"},
        capture_output=True,
        check=False,
    )
    return mark.exists()


@st.composite
def partitions(draw: st.DrawFn) -> tuple[str, dict[str, object], list[dict[str, object]]]:
    """A repository in a folder, what of it the host has, and in which parts the rest comes."""
    folder = draw(st.sampled_from(("paper", ".", "a/b.git")))
    parts = list(below(folder, draw(st.sampled_from(PARTS))).items())
    when = [draw(st.integers(0, 4)) for _ in parts]
    groups = [
        {name: value for (name, value), at in zip(parts, when, strict=True) if at == number} for number in range(5)
    ]
    # What the host has is its user's, and no repository.
    host, *rest = groups
    return folder, host, rest


@given(partitions())
def test_no_partition_of_a_repository_over_applies_and_host_gets_through(partition: tuple) -> None:
    folder, host, applies = partition
    with tempfile.TemporaryDirectory() as place:
        project = make(Path(place, "project"), {"README": "", **host})
        was = is_repository(project / folder)
        for tree in applies:
            applied(project, tree)
        assert was or not is_repository(project / folder)


def test_control_a_verdict_that_sees_the_changes_alone_lets_some_through(tmp_path: Path) -> None:
    through = 0
    for number, order in enumerate(itertools.permutations(PARTS[0])):
        project = make(tmp_path / str(number), {"README": ""})
        for name in order:
            applied(project, below("paper", {name: PARTS[0][name]}), sees_host=False)
        through += asked(project / "paper", tmp_path / f"ran-{number}")
    assert through == 24


@pytest.mark.parametrize("parts", PARTS)
def test_git_runs_what_the_whole_set_names_and_nothing_when_a_part_is_held(tmp_path: Path, parts: Tree) -> None:
    whole = make(tmp_path / "whole" / "project", {"README": "", **below("paper", parts)})
    assert asked(whole / "paper", tmp_path / "ran"), "the control: unheld, it is run"
    project = make(tmp_path / "held" / "project", {"README": ""})
    for name, value in below("paper", parts).items():
        applied(project, {name: value})
    assert not asked(project / "paper", tmp_path / "ran-held")


def test_a_folder_of_the_users_that_is_called_like_a_part_counts(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {"paper/refs/x.bib": "@book{}"})
    tree = below("paper", {"HEAD": "ref: refs/heads/main\n", "objects/x": "", "config": CONFIG, "note.txt": ""})
    free, held, _ = verdicts(project, {**tree, "other.txt": ""})
    assert (free, held) == ({"other.txt"}, set(tree))


SHAPES = (
    # what the host has, what comes, and which of it is held back or never comes
    ("spelled otherwise", {"p/Refs/x": ""}, {"p/head": "", "p/OBJECTS/x": "", "q": ""}, {"p/head", "p/OBJECTS/x"}, set()),
    ("spelled otherwise on the host", {"p/refs/x": "", "P/objects/x": ""}, {"P/HEAD": "", "q": ""}, {"P/HEAD"}, set()),
    ("by backslashes", {}, {"p\\HEAD": "", "p/objects/x": "", "p\\refs\\x": ""}, {"p\\HEAD", "p/objects/x", "p\\refs\\x"}, set()),
    ("at the top", {"HEAD": "", "objects/x": ""}, {"refs/x": "", "src/a": ""}, {"refs/x", "src/a"}, set()),
    ("a part of it alone", {}, {"p/refs/x": "", "p/HEAD": "", "q/objects/x": ""}, set(), set()),
    ("a bundle", {}, {"MANIFEST.sha256": "", "scripts/status.sh": ""}, set(), {"MANIFEST.sha256", "scripts/status.sh"}),
    ("its last part", {"b/scripts/status.sh": ""}, {"b/manifest.SHA256": "", "x": ""}, set(), {"b/manifest.SHA256"}),
    ("in one that is there", {"b/MANIFEST.sha256": "", "b/plan.json": ""}, {"b/lib/common.sh": ""}, set(), {"b/lib/common.sh"}),
    ("by a link", {"b/scripts": Link("../t")}, {"b/MANIFEST.sha256": "", "t/status.sh": ""}, set(), {"b/MANIFEST.sha256"}),
    ("a manifest of one's own", {"scripts/lint.sh": ""}, {"MANIFEST.sha256": ""}, set(), set()),
    ("a journal", {}, {"x/.state/journal.jsonl": "", "x/.state/y": ""}, set(), {"x/.state/journal.jsonl", "x/.state/y"}),
    ("a state of one's own", {}, {"x/.state/counter": ""}, set(), set()),
    ("what a bundle takes for its user's", {}, {"local/env": "", "local/x": "", "y": ""}, {"local/env", "local/x"}, set()),
    ("an environment", {"e/pyvenv.cfg": ""}, {"e/bin/activate": "", "f": ""}, {"e/bin/activate"}, set()),
    ("a build's own build", {"build.gradle": ""}, {"buildSrc/src/A.java": "", "src/A.java": ""}, {"buildSrc/src/A.java"}, set()),
)  # fmt: skip


@pytest.mark.parametrize(
    ("host", "comes", "held", "never"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES]
)
def test_what_has_a_shape(tmp_path: Path, host: Tree, comes: Tree, held: Iterable[str], never: Iterable[str]) -> None:
    project = make(tmp_path / "project", {"README": "", **host})
    by_shape = {
        name: {reason.kind for reason in (*one.held, *((one.never,) if one.never else ()))}
        for name, one in named(project, comes)
    }
    kinds = {shape.reason.kind for shape in shapes.SHAPES}
    _, _, found_never = verdicts(project, comes)
    assert {name for name, why in by_shape.items() if why & kinds} - found_never == held
    assert found_never == never


def named(project: Path, tree: Tree) -> list[tuple[str, object]]:
    """The verdicts by name."""
    versions = Versions({}, tree)
    with Host(os.fsencode(project)) as host:
        return [(os.fsdecode(one.change.path), one) for one in judge(versions.changes, versions.blob, host)]


def test_every_shape_says_why_and_is_spelled_as_names_are_compared() -> None:
    for shape in shapes.SHAPES:
        assert shape.reason.kind and shape.reason.reason and shape.needs
        for name in (*itertools.chain(*shape.needs), shape.part):
            assert name == name.casefold()


def test_no_script_of_a_bundle_is_missing_in_its_shape() -> None:
    scripts = Path(__file__).parents[2] / "templates/files/scripts"
    assert {f"scripts/{script.name}" for script in scripts.iterdir()} <= {
        name for each in shapes.BUNDLE.needs for name in each
    }
