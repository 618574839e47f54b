"""What the commands on bundles share: arguments, options, completion, and who shows a run."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from generator.cli_output import say
from generator.errors import GenError
from generator.execute.bundle import bundle_names, find_bundle, planned_steps, sandbox_names
from generator.execute.commands import present
from generator.execute.process import drive
from generator.execute.progress import Progress, planned
from generator.execute.trust import Unknown, trust
from generator.execute.view import Guard, JsonView, PlainView, QuietView, for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.execute.bundle import Bundle
    from generator.execute.commands import Command
    from generator.execute.view import View


def complete_bundle(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - the signature is click's
    """The names of sandboxes and those under ./bundles; any folder when none of them fits."""
    known = sorted({*bundle_names(Path.cwd()), *sandbox_names()})
    names = [CompletionItem(name) for name in known if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="dir")]


def complete_profile(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - the signature is click's
    """The built-in profiles; any file when none of them fits."""
    from generator.profile import profile_names

    names = [CompletionItem(name) for name in profile_names() if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


bundle_argument = click.argument("bundle", required=False, shell_complete=complete_bundle, metavar="[BUNDLE]")
profile_option = click.option(
    "--profile",
    "ref",
    metavar="NAME|FILE",
    shell_complete=complete_profile,
    help="Write the bundle of this profile first.",
)
set_option = click.option(
    "--set", "sets", multiple=True, metavar="KEY=VALUE", help="With --profile: change one value of it."
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="With --profile: the bundle's folder.  [default: $XDG_DATA_HOME/gen/sandboxes/NAME]",
)
project_option = click.option(
    "--project",
    metavar="PATH",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    help="The project to copy, for a profile with a copy of one, such as safe.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one event a line, for programs.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How a command was asked to show what happens."""

    as_json: bool = False
    quiet: bool = False


def owned(sets: tuple[str, ...], project: str | None) -> tuple[str, ...]:
    """With a project: the agent gets the number of whoever works with the copy, who reads and writes what it made.
    Root can do that for anybody, so there it is the project's owner, for whom an overlay can be made."""
    from generator.profile_values import NOBODY

    if project is None or any(text.startswith("image.user.uid=") for text in sets):
        return sets
    user = os.geteuid() or Path(project).stat().st_uid
    return (*sets, f"image.user.uid={user}") if user not in (0, NOBODY) else sets


def the_bundle(given: str | None) -> Bundle:
    """The bundle that is meant, seen from the current folder. One that was named and is unknown is asked for, once."""
    try:
        return find_bundle(given, Path.cwd())
    except Unknown as error:
        from generator.cli_trust import asked

        if given is None or not asked(error.folder):
            raise
        trust(error.folder)
    return find_bundle(given, Path.cwd())


def check_choice(bundle: str | None, ref: str | None, sets: tuple[str, ...], out: Path | None = None) -> None:
    """Refuses what cannot be meant: a bundle and a profile to write one from, or values of no profile."""
    if ref is None and sets:
        raise click.UsageError("--set changes a profile: it needs --profile.")
    if ref is None and out is not None:
        raise click.UsageError("--out is where a profile's bundle is written: it needs --profile.")
    if ref is not None and bundle is not None:
        raise click.UsageError("Name a bundle, or a profile to write one from, not both.")


def compiled(
    ref: str, sets: tuple[str, ...], output: Output, *, out: Path | None = None, project: str | None = None
) -> str:
    """Writes the profile's bundle, says so, and gives the folder."""
    from generator.cli_bundle import compile_bundle

    folder, written = compile_bundle(ref, sets, out, Path(project) if project is not None else None)
    if written.changed and not (output.as_json or output.quiet):
        say(f"Wrote {folder}: {len(written.changed)} files.")
    return str(folder)


def run_script(command: Command, output: Output, *, steps: bool = False, lines: bool = False) -> int:
    """Runs a script, shows it as was asked, and gives its exit code.

    `steps`: it goes through the plan's steps. `lines`: it tells no events, so its lines are what there is to show.
    """
    bundle = command.bundle
    progress = planned(planned_steps(bundle)) if steps else Progress()
    code = drive(present(command), Guard(_view(output, progress, lines=lines), _silence))
    if code == 128 + 9:
        _tell_killed(bundle)
    return code


@contextlib.contextmanager
def exit_event(output: Output) -> Iterator[None]:
    """A program that reads our JSON gets its last line also when no script could be started."""
    try:
        yield
    except GenError as error:
        if output.as_json:
            say(f'{{"event":"exit","code":{error.exit_code}}}')
        raise


def _view(output: Output, progress: Progress, *, lines: bool) -> View:
    if output.as_json:
        return JsonView(sys.stdout, sys.stderr, lines=lines)
    if output.quiet:
        return QuietView(sys.stderr)
    make: Callable[..., Any] = PlainView
    if for_terminal(sys.stdout):
        # rich takes a quarter of a second to import, which only those pay who look.
        from generator.execute.live import LiveView

        make = LiveView
    view: View = make(sys.stdout, sys.stderr, progress)
    return view


def _silence() -> None:
    """Nobody reads us any more. Without this Python would fail once more on what its buffers still hold."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())


def _tell_killed(bundle: Bundle) -> None:
    with contextlib.suppress(OSError):
        say("gen: the script was killed (SIGKILL) before it had ended; what it began is not undone", err=True)
        say(f"Bring it to its end with: gen recover {bundle.shown}", err=True)
