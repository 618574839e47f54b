"""The command `gen bundle`: from a profile to a folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.bundle import write_bundle
from generator.cli_output import say, say_json, styled
from generator.drift import differences, known_digests, lines_of
from generator.errors import ExitCode, GenError
from generator.execute import registry
from generator.execute.trust import require_apart, require_room
from generator.plan import build_plan
from generator.profile import load_profile
from generator.render import MANIFEST, RenderedFile, render_bundle, sha256
from generator.update import edited_files, stays

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.drift import Difference
    from generator.profile import LoadedProfile
    from generator.update import Written

Files = dict[str, RenderedFile]


@click.command("bundle")
@click.option("--profile", "ref", required=True, metavar="NAME|FILE", help="A built-in profile, or a YAML file.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one value: storage.size=40G.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The folder.  [default: bundles/PROFILE]")
@click.option("--check", is_flag=True, help="Write nothing; compare, show the difference, and exit with 4 if any.")
@click.option("--force", is_flag=True, help="Replace files that you edited; they are kept in local/overwritten/.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def bundle_command(
    ref: str, sets: tuple[str, ...], out: Path | None, check: bool, force: bool, as_json: bool, quiet: bool
) -> None:
    """Write the bundle of a profile: a folder that needs bash and a container engine, and nothing of gen."""
    loaded = load_profile(ref, sets)
    files, folder = _files(loaded), out if out is not None else _default_folder(loaded)
    if check:
        _check(files, folder, as_json=as_json, quiet=quiet, again=_again(ref, sets, out))
        return
    require_apart(folder, None)
    require_room(folder)
    if out is None:
        _make_parent(folder)
    written = write_bundle(files, folder, force=force)
    _register(folder)
    if as_json:
        say_json(_result(folder, files) | {"changed": list(written.changed), "moved": list(written.moved)})
    elif not quiet:
        _tell(folder, files, written)


def compile_bundle(ref: str, sets: tuple[str, ...], out: Path | None, project: Path | None) -> tuple[Path, Written]:
    """Writes the bundle of a profile to `out`, or to the home of its sandbox, and says where and what was written.

    `project` is what its agent will work on. Raises what load_profile and write_bundle raise, and GenError (exit code
    2) when bundle and project do not lie apart, or the sandbox of that name is another project's.
    """
    loaded = load_profile(ref, sets)
    folder = out if out is not None else registry.sandboxes() / loaded.profile.name
    require_apart(folder, project)
    _require_project(folder, project, loaded.profile.name, _up(ref, sets, out, project))
    require_room(folder)
    files = _files(loaded)
    if out is None:
        registry.make_sandboxes()
    written = write_bundle(files, folder)
    registry.register(folder)
    return folder, written


def _files(loaded: LoadedProfile) -> Files:
    return render_bundle(build_plan(loaded))


def _register(folder: Path) -> None:
    """The bundle is whole without gen's list, so it stays when that cannot be written; gen does not run it then."""
    try:
        registry.register(folder)
    except GenError as error:
        say(f"gen: warning: {error.brief}: {error.details}", err=True)
        say(f"Its scripts run without gen. For gen: gen trust {shlex.quote(str(folder))}", err=True)


def _require_project(folder: Path, project: Path | None, name: str, again: str) -> None:
    """Refuses the sandbox of another project: its copy, and what waits in it, are never taken for this one's."""
    has = registry.project_of(folder)
    if project is None or has is None or has == project:
        return
    word = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in project.name.lower()).strip(
        "-"
    )
    other = f"Give this one a name of its own: {again} --set name={name}{'-' + word[:20] if word else '-2'}"
    moved = (
        f"If it was moved here: mv {shlex.quote(str(project))} {shlex.quote(str(has))}\n"
        f"Or keep what waits in the copy as a patch: gen rollback {shlex.quote(str(folder))}, then {again}"
    )
    there = has.is_dir()
    raise GenError(
        f"The sandbox {name} works on another project",
        details=f"It has a copy of {has}" + ("" if there else ", which is not there any more"),
        resolution=other if there else f"{moved}\n{other}",
        exit_code=ExitCode.USAGE,
    )


def _up(ref: str, sets: tuple[str, ...], out: Path | None, project: Path | None) -> str:
    words = _again(ref, sets, out).replace("gen bundle", "gen up", 1)
    return words + (f" --project {shlex.quote(str(project))}" if project is not None else "")


def _default_folder(loaded: LoadedProfile) -> Path:
    name = loaded.identity.removesuffix(".yaml").removesuffix(".yml")
    # A name that hides the folder, or that an option could be taken for, is not a good name for one.
    return Path("bundles") / (name if name and name[0] not in ".-" else loaded.profile.name)


def _make_parent(folder: Path) -> None:
    try:
        folder.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise GenError(
            f"The folder {folder.parent} cannot be made here",
            details=error.strerror,
            resolution="Choose a folder that you may write to with --out",
            exit_code=ExitCode.FAILED_ROLLED_BACK,
        ) from None


def _check(files: Files, folder: Path, *, as_json: bool, quiet: bool, again: str) -> None:
    found = differences(folder, files)
    if as_json:
        drift = [{"path": item.path, "kind": item.kind} for item in found]
        say_json(_result(folder, files) | {"drift": drift})
    if found:
        missing = not folder.is_dir()
        raise GenError(
            f"There is no bundle in {folder}" if missing else f"The bundle in {folder} differs from its profile",
            details=None if missing or as_json else lines_of(found),
            resolution=_mend(files, folder, found, again),
            exit_code=ExitCode.REFUSED,
        )
    if not (as_json or quiet):
        say(f"{folder} is what its profile says: {len(files)} files.")


def _mend(files: Files, folder: Path, found: tuple[Difference, ...], again: str) -> str:
    """The commands after which nothing differs any more."""
    if folder.is_dir() and any(folder.iterdir()) and not known_digests(folder):
        return "The folder is not a bundle: choose another one with --out"
    parent, local = shlex.quote(str(folder.parent)), shlex.quote(str(folder / "local"))
    strange = [str(folder / item.path) for item in found if item.kind == "extra" and stays(folder, files, item.path)]
    commands = [f"mkdir -p {local} && mv {shlex.join(strange)} {local}"] if strange else []
    if len(strange) < len(found):
        commands += [] if folder.parent.is_dir() else [f"mkdir -p {parent}"]
        commands.append(again + (" --force" if edited_files(files, folder) else ""))
    return "Write it with: " + " && ".join(commands)


def _again(ref: str, sets: tuple[str, ...], out: Path | None) -> str:
    words = ["gen", "bundle", "--profile", ref]
    words += [word for setting in sets for word in ("--set", setting)]
    return shlex.join(words + (["--out", str(out)] if out is not None else []))


def _result(folder: Path, files: Mapping[str, RenderedFile]) -> dict[str, Any]:
    return {"bundle": str(folder), "files": len(files), "hash": sha256(files[MANIFEST].content)}


def _tell(folder: Path, files: Files, written: Written) -> None:
    if not written.changed and not written.removed:
        say(f"{folder} is up to date: {len(files)} files.")
        return
    removed = f", {len(written.removed)} removed" if written.removed else ""
    say("Wrote ", styled(str(folder), bold=True), f": {len(written.changed)} of {len(files)} files{removed}.")
    for place in written.moved:
        say(f"  Your edited file is in {folder / place}")
    start, plan = shlex.quote(str(folder / "scripts/start.sh")), shlex.quote(str(folder / "PLAN.md"))
    say(f"  What it will do to this machine:  {plan}")
    say(f"  Start it:                         {start}")
