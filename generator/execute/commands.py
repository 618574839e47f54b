"""The bundle's scripts as commands: pure functions from what is asked to the words of a process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import ExitCode, GenError
from generator.execute.bundle import write_again

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.execute.bundle import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One script of a bundle with its arguments."""

    bundle: Bundle
    script: str
    arguments: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        """The words of the process. bash is named, since a bundle that was copied may have lost its modes."""
        return ("bash", str(self.bundle.path / self.script), *self.arguments)


def start(bundle: Bundle, *, approve: str | None = None, project: str | None = None) -> Command:
    """Makes what is missing and waits for health.

    `approve` is the hash of the one plan that it may run, `project` the folder that is copied.
    """
    words: tuple[str, ...] = ("--approve", approve) if approve is not None else ()
    words += ("--project", project) if project is not None else ()
    return Command(bundle=bundle, script="scripts/start.sh", arguments=words)


def plan(bundle: Bundle, *, as_json: bool = False, project: str | None = None) -> Command:
    """Shows what a start would do, with that project where one is copied."""
    words = (*(("--json",) if as_json else ()), *(("--project", project) if project is not None else ()))
    return Command(bundle=bundle, script="scripts/plan.sh", arguments=words)


def stop(bundle: Bundle) -> Command:
    """Stops the sandbox; everything else stays."""
    return Command(bundle=bundle, script="scripts/stop.sh")


def status(bundle: Bundle) -> Command:
    """Says what there is of the sandbox."""
    return Command(bundle=bundle, script="scripts/status.sh")


def run_checks(bundle: Bundle, *, tap: bool = False, junit: str | None = None) -> Command:
    """Runs every check."""
    words = (*(("--tap",) if tap else ()), *(("--junit", junit) if junit is not None else ()))
    return Command(bundle=bundle, script="test-setup.sh", arguments=words)


def rollback(bundle: Bundle, *, yes: bool = False, delete_data: bool = False) -> Command:
    """Undoes everything that the bundle did on this host."""
    words = (*(("--yes",) if yes else ()), *(("--delete-data",) if delete_data else ()))
    return Command(bundle=bundle, script="rollback.sh", arguments=words)


def prune(bundle: Bundle, *, yes: bool = False) -> Command:
    """Takes away the images of earlier states of the bundle that no sandbox needs any more."""
    return Command(bundle=bundle, script="scripts/prune.sh", arguments=("--yes",) if yes else ())


def recover(bundle: Bundle) -> Command:
    """Brings an interrupted run to its end."""
    return Command(bundle=bundle, script="scripts/recover.sh")


def connect(bundle: Bundle, words: Sequence[str] = (), timeout: str | None = None, *, detach: bool = False) -> Command:
    """Opens a shell in the sandbox, or runs one command there, for at most that time (30s, 5m, 2h).

    With `detach` nobody waits for it: it prints its number.
    """
    arguments = (*(("--timeout", timeout) if timeout else ()), *(("--detach",) if detach else ()))
    arguments += ("--", *words) if words else ()
    return Command(bundle=bundle, script="scripts/connect.sh", arguments=arguments)


def list_commands(bundle: Bundle, *, as_json: bool = False) -> Command:
    """Lists the commands that run in the sandbox, and the detached ones that have ended."""
    return Command(bundle=bundle, script="scripts/ps.sh", arguments=("--json",) if as_json else ())


def show_output(bundle: Bundle, number: int, *, follow: bool = False, as_json: bool = False) -> Command:
    """Shows what a detached command has printed."""
    words = (*(("--follow",) if follow else ()), *(("--json",) if as_json else ()))
    return Command(bundle=bundle, script="scripts/logs.sh", arguments=(*words, str(number)))


def end_command(bundle: Bundle, number: int) -> Command:
    """Ends a command in the sandbox, with all that it began."""
    return Command(bundle=bundle, script="scripts/kill.sh", arguments=(str(number),))


def copy(bundle: Bundle, verb: str, words: Sequence[str] = ()) -> Command:
    """Looks at, brings back or takes back what was changed in a copy of a project: the script of that verb."""
    return Command(bundle=bundle, script=f"scripts/{verb}.sh", arguments=tuple(words))


def present(command: Command) -> Command:
    """The same command, when its script is there. Raises GenError (exit code 4) when it is not."""
    bundle = command.bundle
    if (bundle.path / command.script).is_file():
        return command
    profile = "" if (bundle.path / "profile.yaml").is_file() else "PROFILE"
    raise GenError(
        f"The bundle {bundle.shown} has no {command.script}",
        details="It is not whole, or an older version of gen wrote it",
        resolution=f"Write it again with: {write_again(bundle.path, profile)}",
        exit_code=ExitCode.REFUSED,
    )
