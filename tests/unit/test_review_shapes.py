"""Names that together make of a folder something that is run: over several applies, with whatever the host has."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project import shapes
from project.host import Host
from project.verdict import judge

from tests.unit.applying import Link, Tree, Versions, make

# A repository that is none until all of it is there: whoever asks git for the status starts its fsmonitor.
CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = \"touch '{}'; false\"\n"
MAIN = "ref: refs/heads/main\n"
PARTS: tuple[Mapping[str, object], ...] = (
    {"HEAD": MAIN, "objects/x": "", "refs/x.bib": "", "config": CONFIG},
    {"HEAD": Link("refs/heads/main"), "objects/x": "", "refs/heads/main": "0" * 40 + "\n", "config": CONFIG},
    {
        "HEAD": "ref: refs/heads/main\n",
        "commondir": "store\n",
        "store/objects/x": "",
        "store/refs/x": "",
        "config": CONFIG,
    },
    {"HEAD": MAIN, "objects": Link("../a"), "refs": Link("../a"), "../a/x": "", "config": CONFIG},
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
    for config in (folder / "config", folder / "store/config"):
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


# With a commondir git takes no work tree from the config, so a status runs nothing there; other commands do.
@pytest.mark.parametrize("parts", [parts for parts in PARTS if "commondir" not in parts])
def test_git_runs_what_the_whole_set_names_and_nothing_when_a_part_is_held(tmp_path: Path, parts: Tree) -> None:
    whole = make(tmp_path / "whole" / "project", {"README": "", **below("paper", parts)})
    assert asked(whole / "paper", tmp_path / "ran"), "the control: unheld, it is run"
    project = make(tmp_path / "held" / "project", {"README": ""})
    for name, value in below("paper", parts).items():
        applied(project, {name: value})
    assert not asked(project / "paper", tmp_path / "ran-held")


def test_a_folder_of_the_users_that_is_called_like_a_part_counts(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {"paper/refs/x.bib": "@book{}"})
    tree = below("paper", {"HEAD": MAIN, "objects/x": "", "config": CONFIG, "note.txt": ""})
    free, held, _ = verdicts(project, {**tree, "other.txt": ""})
    assert (free, held) == ({"other.txt"}, set(tree))


# What the host has, what comes, which of it is held back, and which never comes.
SHAPES = {
    "spelled otherwise": ("p/Refs/x", "p/head p/OBJECTS/x q", "p/head p/OBJECTS/x", ""),
    "spelled otherwise on the host": ("p/refs/x P/objects/x", "P/HEAD q", "P/HEAD", ""),
    "by backslashes": ("", "p\\HEAD p/objects/x p\\refs\\x", "p\\HEAD p/objects/x p\\refs\\x", ""),
    "at the top": ("HEAD objects/x", "refs/x src/a", "refs/x src/a", ""),
    "a part of it alone": ("", "p/refs/x p/HEAD q/objects/x", "", ""),
    "a bundle": ("", "MANIFEST.sha256 scripts/status.sh", "", "MANIFEST.sha256 scripts/status.sh"),
    "its last part": ("b/scripts/status.sh", "b/manifest.SHA256 x", "", "b/manifest.SHA256"),
    "in one that is there": ("b/MANIFEST.sha256 b/plan.json", "b/lib/common.sh x", "", "b/lib/common.sh"),
    "one that the user wrote at the top": ("MANIFEST.sha256 plan.json", "lib/common.sh", "", "lib/common.sh"),
    "a manifest alone": (
        "scripts/lint.sh",
        "MANIFEST.sha256 b/Manifest.sha256 b/x",
        "",
        "MANIFEST.sha256 b/Manifest.sha256",
    ),
    "a manifest of one's own": ("MANIFEST.sha256", "src/a scripts/lint.sh", "", ""),
    "what was made": (
        "",
        "x/.state/owned y/.state/token z/.state/logs/1",
        "",
        "x/.state/owned y/.state/token z/.state/logs/1",
    ),
    "the project of a bundle": ("", "b/local/project", "b/local/project", ""),
    "a journal": ("", "x/.state/journal.jsonl x/.state/y x/z", "", "x/.state/journal.jsonl x/.state/y"),
    "a state of one's own": ("", "x/.state/counter", "", ""),
    "what a bundle takes for its user's": ("", "local/env local/x y", "local/env local/x", ""),
    "an environment": ("e/pyvenv.cfg", "e/bin/activate f", "e/bin/activate", ""),
    "a build's own build": ("build.gradle", "buildSrc/src/A.java src/A.java", "buildSrc/src/A.java", ""),
}


@pytest.mark.parametrize(("host", "comes", "held", "never"), SHAPES.values(), ids=SHAPES)
def test_what_has_a_shape(tmp_path: Path, host: str, comes: str, held: str, never: str) -> None:
    project = make(tmp_path / "project", dict.fromkeys(("README", *host.split()), ""))
    free, found_held, found_never = verdicts(project, dict.fromkeys(comes.split(), ""))
    assert (found_held, found_never) == (set(held.split()), set(never.split()))
    assert free == set(comes.split()) - found_held - found_never


def test_a_bundle_whose_scripts_are_behind_a_link(tmp_path: Path) -> None:
    project = make(tmp_path / "project", {"b/scripts": Link("../t")})
    assert verdicts(project, {"b/MANIFEST.sha256": "", "t/status.sh": ""})[2] == {"b/MANIFEST.sha256"}


def test_every_shape_says_why_and_is_spelled_as_names_are_compared() -> None:
    for shape in shapes.SHAPES:
        assert shape.reason.reason
        assert shape.needs
        for name in (*itertools.chain(*shape.needs), shape.part):
            assert name == name.casefold()


def test_no_script_of_a_bundle_is_missing_in_its_shape() -> None:
    scripts = Path("templates/files/scripts")
    assert {f"scripts/{script.name}" for script in scripts.iterdir()} <= {
        name for each in shapes.BUNDLE.needs for name in each
    }


def test_no_name_that_a_bundle_keeps_state_under_is_missing_in_its_shape() -> None:
    text = "".join(file.read_text("utf-8") for file in Path("templates").rglob("*.sh"))
    kept = set(re.findall(r"\$\{?STATE(?::\?)?\}?/([a-z][a-z.-]*[a-z])(?![-.a-z$])", text))
    assert {"owned", "token", "journal.jsonl"} <= kept, "the control: these are found"
    assert {f".state/{name}" for name in kept} <= {name for each in shapes.STATE.needs for name in each}
    own = set(re.findall(r"\$LOCAL/([a-z][a-z.]*[a-z])(?![.a-z])", text)) - {"compose.override.yaml.off"}
    assert {f"local/{name}" for name in own} <= {name for one in shapes.SHAPES for each in one.needs for name in each}
