"""Finds the bundle that somebody means, among those that are registered for this user."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ExitCode, GenError
from generator.execute import registry, trust
from generator.execute.manifest import MANIFEST

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
    """Whether the folder has the shape of a bundle. Whether it is one of ours, the registry says."""
    return (folder / MANIFEST).is_file()


def bundle_names(here: Path, *, folder: str = BUNDLES) -> tuple[str, ...]:
    """The names of this user's bundles under ./bundles, or under that folder, sorted."""
    below = os.path.realpath(here / folder)
    return tuple(sorted(entry.path.name for entry in registry.entries() if str(entry.path.parent) == below))


def strangers(here: Path, *, folder: str = BUNDLES) -> tuple[Path, ...]:
    """What has the shape of a bundle there, and is none of this user's: sorted, links left out."""
    known = {entry.folder for entry in registry.entries()}
    try:
        places = sorted(place for place in (here / folder).iterdir() if not place.is_symlink() and is_bundle(place))
    except OSError:
        return ()
    return tuple(place for place in places if os.path.realpath(place) not in known)


def sandbox_names() -> tuple[str, ...]:
    """The names of all of this user's sandboxes, sorted."""
    return tuple(sorted({entry.sandbox for entry in registry.entries() if entry.sandbox}))


def all_bundles(here: Path) -> tuple[Bundle, ...]:
    """All of this user's bundles, the nearest first, by what they may be called from here."""
    near = {os.path.realpath(here): "."} | {
        os.path.realpath(here / BUNDLES / name): name for name in bundle_names(here)
    }
    found = [Bundle(path=one.path, shown=near.get(one.folder) or _shown(one)) for one in registry.entries()]
    return tuple(sorted((one for one in found if is_bundle(one.path)), key=lambda one: str(one.path) not in near))


def find_bundle(given: str | None, here: Path) -> Bundle:
    """The bundle that is meant: a folder, a sandbox's name, or without either the one of the current folder.

    Only bundles that are registered for this user are found: a folder never is one because of what lies in it. Raises
    GenError with exit code 2 when there is none, or several and none was named; 4 for one that is unknown.
    """
    if given is not None:
        return _named(given, here)
    if is_bundle(here) and trust.is_known(here):
        return _known(here, ".")
    known = registry.entries()
    near = {entry.path: _shown(entry) for entry in known if _is_in(here, entry.project)}
    # Where no copy of it is there, one that a next start would make.
    near = near or {entry.path: _shown(entry) for entry in known if _is_in(here, entry.named_project)}
    near |= {(here / BUNDLES / name).resolve(): name for name in bundle_names(here)}
    if len(near) == 1:
        ((folder, shown),) = near.items()
        return _known(folder, shown)
    if near:
        names = tuple(sorted(near.values()))
        raise _usage("Which bundle? There are several", _listed(names), f"Name one, for example: {names[0]}")
    if is_bundle(here):
        raise trust.Unknown(here.resolve())
    raise _usage(
        "There is no bundle here",
        f"This folder is none, and none is in ./{BUNDLES} or works on a copy of it. {_listed(sandbox_names())}",
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
    plain = Path(given).name == given and given not in ("", ".", "..")
    places = (here / given, here / BUNDLES / given) if plain else (here / given,)
    for folder in places:
        # A name is never led elsewhere by a link that lies there.
        if is_bundle(folder) and trust.is_known(folder) and not (plain and folder.is_symlink()):
            return _known(folder.resolve(), given)
    called = [entry for entry in registry.entries() if plain and entry.sandbox == given and is_bundle(entry.path)]
    # A sandbox that was thrown away leaves its name to another one.
    called = [entry for entry in called if entry.begun] or called
    if len(called) > 1:
        folders = ", ".join(entry.folder for entry in called)
        raise _usage(f"Which {given}? There are several", folders, "Name the folder")
    if called:
        return _known(called[0].path, given)
    for folder in places:
        if is_bundle(folder):
            raise trust.Unknown(folder.resolve())
    if (here / given).is_dir():
        raise _usage(f"{given} is not a bundle", f"It has no {MANIFEST}. {_listed(_names(here))}", _writing(given))
    where = f" or ./{BUNDLES}/{given}, and no sandbox of that name" if plain else ""
    raise _usage(
        f"There is no bundle {given}", f"There is no folder {given}{where}. {_listed(_names(here))}", _writing(given)
    )


def _known(folder: Path, shown: str) -> Bundle:
    trust.require_known(folder)
    return Bundle(path=folder, shown=shown)


def _is_in(here: Path, project: Path | None) -> bool:
    """Whether we are in that project."""
    return project is not None and here.resolve().is_relative_to(project)


def _shown(entry: registry.Entry) -> str:
    """The sandbox's name, where it means this one from everywhere; its folder otherwise."""
    return entry.path.name if entry.path == registry.sandboxes() / entry.sandbox else entry.folder


def _names(here: Path) -> tuple[str, ...]:
    return tuple(sorted({*bundle_names(here), *sandbox_names()}))


def _listed(names: tuple[str, ...]) -> str:
    return f"There are: {', '.join(names)}" if names else "There are none"


def _writing(given: str) -> str:
    return f"Write one with: gen bundle --profile dev --out {shlex.quote(given)}"


def _usage(brief: str, details: str, resolution: str) -> GenError:
    return GenError(brief, details=details, resolution=resolution, exit_code=ExitCode.USAGE)


def write_again(folder: Path, profile: str = "") -> str:
    """The command that writes a bundle again: from the profile that is in it, unless another one is named."""
    words = ("gen", "bundle", "--profile", profile or str(folder / "profile.yaml"), "--out", str(folder))
    return shlex.join(words)
