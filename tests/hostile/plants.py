"""What an agent puts into the copy of a project so that it comes back: a table, and the judge of what came."""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.engine.conftest import run
from tests.hostile.attacks import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.engine.conftest import Bundle

FOLDER = Path(__file__).parent / "plants"
LARGEST = 1 << 30
SWAPPING = 6
"""Seconds for which a folder is swapped for a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One of them. For its control the copy is not reviewed and applied but copied back by hand."""

    id: str
    title: str
    lasts: float = 0
    """For how many seconds it is at work while somebody reviews and applies."""
    steers: bool = False
    """Whether it is meant for those who look, and not for the project."""
    steps: int = 1
    """In how many steps it comes, each followed by a review and an apply; the program is told which one it is."""
    late: bool = False
    """Whether the last step comes when somebody has reviewed and before they apply."""
    weakened: str = "copied back by hand"

    @property
    def script(self) -> str:
        """The program, with what all of them share before it."""
        return (FOLDER / "prelude.py").read_text() + (FOLDER / f"{self.id}.py").read_text()


PLANTS = (
    Plant(id="held_back", title="files that something on the host would run or obey"),
    Plant(id="links", title="links that leave the project"),
    Plant(id="specials", title="devices, pipes, sockets, set-uid files"),
    Plant(id="sparse", title="a sparse file of 500 GB"),
    Plant(id="names", title="names and texts that steer a terminal", steers=True),
    Plant(id="history", title="rewrite the history"),
    Plant(id="swap", title="swap a folder for a link during review and apply", lasts=SWAPPING),
    Plant(id="parts", title="a bare repository in parts, over two applies", steps=2),
    Plant(id="bundle", title="a bundle of gen, in parts, with a run that it would undo", steps=2),
    Plant(id="steer_links", title="what links of the project lead to: absolute, chained, ignored by git"),
    Plant(id="mentions", title="what files of the project that run or steer something name"),
    Plant(id="loads", title="what is named in more than one step, by recipes, lists of words and search paths"),
    Plant(id="shadows", title="modules, packages and links to packages that Python takes for others"),
    Plant(id="strange_names", title="names that are not what they look like, or that an option is"),
    Plant(id="late", title="change what was reviewed before it is applied", steps=2, late=True),
    Plant(id="flood", title="100,000 bad links (fewer in the test suite)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Garden:
    """The copies in which they are planted, by backend, and the projects that these are copies of."""

    bundles: dict[str, Bundle]
    projects: dict[str, Path]
    facts: dict[str, Any]
    was: dict[str, bytes]
    """The files that such a project has from the beginning."""
    planted: dict[tuple[str, str, int], list[str]] = field(default_factory=dict)
    """What of a plant must never come back, once it is planted."""

    def attack(self, plant: Plant, backend: str) -> Outcome:
        """Plants it, reviews and applies with a yes to all that needs no other one. What came to the project of it?"""
        bundle, before = self.bundles[backend], self._commits(backend)
        forbidden: list[str] = []
        for step in range(plant.steps - plant.late):
            forbidden += self._plant(plant, backend, step=step)
            end = time.monotonic() + plant.lasts
            while True:
                shown = bundle.script("scripts/review.sh", check=False).stdout
                review = json.loads(bundle.script("scripts/review.sh", "--json").stdout)
                if plant.late:
                    forbidden += self._plant(plant, backend, step=step + 1)
                bundle.script("scripts/apply.sh", "--yes", check=False)
                if bad := self._wrong(self.projects[backend], forbidden) or steering(shown):
                    return Outcome(verdict="breach", saw=bad)
                if time.monotonic() >= end:
                    break
        after = self._commits(backend)
        if after[len(after) - len(before) :] != before:
            return Outcome(verdict="breach", saw="the record of what was done is another one")
        counts = review["summary"]
        return Outcome(verdict="held", saw=f"{counts['held']} held back, {counts['never']} never brought back")

    def control(self, plant: Plant) -> Outcome:
        """The same plant, and somebody who looks with `find` and copies with `cp`."""
        # What comes in steps is planted under other names, since the steps of the real one are yet to come.
        where = "docker" if plant.steps == 1 else "by-hand"
        forbidden = [name for step in range(plant.steps) for name in self._plant(plant, "docker", where, step)]
        upper = self.bundles["docker"].path / ".state/project/disk/upper"
        target = self.projects["docker"].with_name(f"by-hand-{plant.id}")
        end = time.monotonic() + plant.lasts
        while True:
            shutil.copytree(self.projects["docker"], target, symlinks=True)
            shown = run("find", upper, check=False, errors="surrogateescape").stdout
            run("cp", "-a", "--sparse=always", f"{upper}/.", target, check=False)
            bad = steering(shown) if plant.steers else self._wrong(target, forbidden, but=self._of_others(plant))
            shutil.rmtree(target)
            if bad:
                return Outcome(verdict="breach", saw=bad)
            if time.monotonic() >= end:
                return Outcome(verdict="held", saw="nothing of it came back")

    def _plant(self, plant: Plant, backend: str, where: str = "", step: int = 0) -> list[str]:
        key = (plant.id, where or backend, step)
        if key not in self.planted:
            facts = json.dumps({**self.facts, "where": key[1], "step": step})
            words = ("timeout", "100", "python3", "-I", "-c", plant.script, facts)
            said = self.bundles[backend].script("scripts/exec.sh", "--", *words).stdout
            self.planted[key] = json.loads(said.splitlines()[-1])
        return self.planted[key]

    def _commits(self, backend: str) -> list[str]:
        told = json.loads(self.bundles[backend].script("scripts/changes.sh", "--json").stdout)
        return [commit["commit"] for commit in told["commits"]]

    def _of_others(self, plant: Plant) -> set[str]:
        """The names of what other plants have left at the top of the copy."""
        others = [paths for (name, *_), paths in self.planted.items() if name != plant.id]
        return {path.partition("/")[0] for paths in others for path in paths}

    def _wrong(self, project: Path, forbidden: list[str], but: Collection[str] = ()) -> str:
        """What came to the project and must not have come, whatever its name; in words."""
        for name in forbidden:
            # By a link of its own, the project may have had a file of that name all along.
            path = project / name
            was = self.was.get(os.path.relpath(os.path.realpath(path), os.path.realpath(project)))
            if os.path.lexists(path) and not (was is not None and path.is_file() and path.read_bytes() == was):
                return f"{name!a} came back"
        for folder, below, files in os.walk(project):
            for path in (Path(folder, name) for name in (*below, *files)):
                shown = path.relative_to(project)
                # A link that the project has itself leads where its owner wants it to.
                if str(shown) in self.was and path.is_symlink():
                    continue
                if shown.parts[0] not in but and (what := _is_wrong(project, path, self.facts["secret"])):
                    return f"{str(shown)!a} {what}"
        return ""


def files_of(project: Path) -> dict[str, bytes]:
    """The files of a project and what is in them."""
    return {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def steering(shown: str) -> str:
    """Whether what is shown may steer a terminal: in words."""
    harmless = all(letter in "\n\t" or (letter >= " " and letter not in "\x7f\u202e") for letter in shown)
    return "" if harmless else "what is shown steers the terminal"


def _is_wrong(project: Path, path: Path, secret: str) -> str:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return "leads out of the project" if leaves(project, path) else ""
    if stat.S_ISDIR(status.st_mode):
        return ""
    if not stat.S_ISREG(status.st_mode):
        return "is neither file, folder nor link"
    if status.st_mode & (stat.S_ISUID | stat.S_ISGID):
        return "would run as somebody else"
    if status.st_size > LARGEST:
        return "is larger than a gigabyte"
    return "holds what a file of the host holds" if secret.encode() in path.read_bytes() else ""


def leaves(project: Path, link: Path) -> bool:
    """Whether following it leads out of the project."""
    return not Path(os.path.realpath(link)).is_relative_to(os.path.realpath(project))
