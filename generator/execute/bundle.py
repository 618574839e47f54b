"""Finds the bundle that somebody means."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ExitCode, GenError

MANIFEST = "MANIFEST.sha256"
BUNDLES = "bundles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A folder that `gen bundle` wrote. `shown` is what its user may call it in the next command."""

    path: Path
    shown: str

    @property
    def state(self) -> Path:
        """Where the runner keeps its journal and logs; it may not exist yet."""
        return self.path / ".state"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step as plan.json names it: the name of its folder, and its title."""

    step: str
    title: str


def is_bundle(folder: Path) -> bool:
    """Whether the folder has a manifest. Whether the manifest is right, the bundle's scripts say before they begin."""
    return (folder / MANIFEST).is_file()


def bundle_names(here: Path, *, folder: str = BUNDLES) -> tuple[str, ...]:
    """The names of the bundles under ./bundles, or under that folder, sorted."""
    try:
        return tuple(sorted(entry.name for entry in (here / folder).iterdir() if is_bundle(entry)))
    except OSError:
        return ()


def find_bundle(given: str | None, here: Path) -> Bundle:
    """The bundle that is meant: a folder, a name under ./bundles, or without either the one that is there.

    Raises GenError with exit code 2 when there is none, or when there are several and none was named.
    """
    if given is not None:
        return _named(given, here)
    if is_bundle(here):
        return Bundle(path=here.resolve(), shown=".")
    names = bundle_names(here)
    if len(names) == 1:
        return Bundle(path=(here / BUNDLES / names[0]).resolve(), shown=names[0])
    if names:
        raise _usage("Which bundle? There are several", _listed(names), f"Name one, for example: {names[0]}")
    raise _usage(
        "There is no bundle here",
        f"Neither this folder nor one in ./{BUNDLES} has a {MANIFEST}",
        "Write one with: gen bundle --profile dev",
    )


def planned_steps(bundle: Bundle) -> tuple[PlannedStep, ...]:
    """The steps of plan.json in their order; none when it cannot be read, for it only makes the view nicer."""
    try:
        plan = json.loads((bundle.path / "plan.json").read_bytes())
        return tuple(PlannedStep(step=Path(step["dir"]).name, title=str(step["title"])) for step in plan["steps"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ()


def _named(given: str, here: Path) -> Bundle:
    folder = here / given
    if is_bundle(folder):
        return Bundle(path=folder.resolve(), shown=given)
    plain = Path(given).name == given
    if plain and is_bundle(here / BUNDLES / given):
        return Bundle(path=(here / BUNDLES / given).resolve(), shown=given)
    names = bundle_names(here)
    known = _listed(names) if names else f"There are none in ./{BUNDLES}"
    if folder.is_dir():
        raise _usage(f"{given} is not a bundle", f"It has no {MANIFEST}. {known}", _writing(given))
    where = f" or ./{BUNDLES}/{given}" if plain else ""
    raise _usage(f"There is no bundle {given}", f"There is no folder {given}{where}. {known}", _writing(given))


def _listed(names: tuple[str, ...]) -> str:
    return f"In ./{BUNDLES}: {', '.join(names)}"


def _writing(given: str) -> str:
    return f"Write one with: gen bundle --profile dev --out {shlex.quote(given)}"


def _usage(brief: str, details: str, resolution: str) -> GenError:
    return GenError(brief, details=details, resolution=resolution, exit_code=ExitCode.USAGE)


def write_again(folder: Path, profile: str = "") -> str:
    """The command that writes a bundle again: from the profile that is in it, unless another one is named."""
    words = ("gen", "bundle", "--profile", profile or str(folder / "profile.yaml"), "--out", str(folder))
    return shlex.join(words)
