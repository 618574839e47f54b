"""The commands on the copy of a project become the bundle's own scripts, with the words that were given."""

import subprocess
import sys
from pathlib import Path

import pytest

from generator.execute.registry import register

VERBS = ("apply", "changes", "diff", "discard", "review", "undo")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a bundle of paper in it, called `b`, whose scripts say what they were told."""
    scripts = tmp_path / "b" / "scripts"
    scripts.mkdir(parents=True)
    for name in ("plan.json", "MANIFEST.sha256"):
        (tmp_path / "b" / name).write_text('{"steps": []}' if name == "plan.json" else "")
    for verb in VERBS:
        (scripts / f"{verb}.sh").write_text(f'echo {verb} "$@"\nexit 7\n')
    register(tmp_path / "b")
    return tmp_path


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("review b", "review"),
        ("review b --range a..c --stat --json", "review a..c --stat --json"),
        ("apply b --approve h --yes --accept p --accept q", "apply --approve h --yes --accept=p --accept=q"),
        ("apply b --only r --json", "apply --json --only=r"),
        ("apply b --ours o --theirs t --except e --except -f", "apply --except=e --except=-f --ours=o --theirs=t"),
        ("apply b --conflicts /c", "apply --conflicts /c"),
        ("diff b --range a..", "diff a.."),
        ("diff b --range a --patch", "diff a --patch"),
        ("review b --rules", "review --rules"),
        ("apply b --recover", "apply --recover"),
        ("undo b", "undo 1"),
        ("undo b -n 3", "undo 3"),
        ("discard b", "discard"),
        ("log b --changes --json", "changes --json"),
    ],
)  # fmt: skip
def test_a_command_is_its_script(place: Path, given: str, told: str) -> None:
    done = gen(place, *given.split())
    assert (done.stdout, done.returncode) == (f"{told}\n", 7), done.stderr


def test_a_patch_is_written_where_it_was_asked_for(place: Path) -> None:
    assert gen(place, "review", "b", "--patch", "x.patch").stdout == f"review --patch {place}/x.patch\n"


@pytest.mark.parametrize(
    "given",
    [
        "review b --range --json",
        "review b --rules --stat",
        "diff b --range --stat",
        "undo b -n 0",
        "discard b --json",
        "log b --changes --audit",
    ],
)
def test_what_cannot_be_meant_is_refused(place: Path, given: str) -> None:
    done = gen(place, *given.split())
    assert (done.returncode, done.stdout) == (2, "")


def gen(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "generator", *words]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
