"""The command `gen trust`: says that a bundle which gen did not write for this user may be run."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from generator.cli_output import say, styled
from generator.errors import ExitCode, GenError
from generator.execute.bundle import is_bundle
from generator.execute.registry import forget
from generator.execute.trust import describe, is_known, trust


@click.command("trust")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="PATH")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--revoke", is_flag=True, help="Do not run it any more, from now on.")
def trust_command(path: Path, yes: bool, revoke: bool) -> int:
    """Let gen run a bundle that it did not write for you: a copied one, or one that somebody gave you.

    A bundle's scripts run as you. gen runs those that it wrote, as it wrote them; any other folder that looks like one
    may have been put there by whoever can write there, an agent for example. It says whose the folder is, and asks.

    \b
    Exit codes:
      0  gen runs it from now on (with --revoke: not any more)
      2  wrong arguments, or no bundle
      4  you said no, there was nobody to ask, or its files are not what its manifest says

    \b
    Examples:
      gen trust ./from-a-colleague
      gen trust ./built-by-ci --yes
      gen trust ./old --revoke
    """
    folder = path.resolve()
    if revoke:
        say(f"{folder} is not run any more." if forget(folder) else f"{folder} was not registered.")
        return ExitCode.DONE
    if not is_bundle(folder):
        raise click.UsageError(f"{path} is not a bundle: it has no MANIFEST.sha256.")
    if not yes and not asked(folder):
        raise GenError(
            f"{folder} was not registered",
            details="You said no, or there is no terminal to ask on",
            resolution=f"gen trust {shlex.quote(str(folder))} --yes",
            exit_code=ExitCode.REFUSED,
        )
    trust(folder)
    say("gen runs ", styled(str(folder), bold=True), " from now on, as it is now.")
    return ExitCode.DONE


def asked(folder: Path) -> bool:
    """Shows what is about to be trusted, and asks on the terminal. False where there is none."""
    if not (os.isatty(0) and os.isatty(2)):
        return False
    say(f"{folder} looks like a bundle, and gen did not write it for you.", err=True)
    for line in describe(folder):
        say(f"  {line}", err=True)
    known = " again, as it is now" if is_known(folder) else ""
    return click.confirm(f"Its scripts would run as you. Trust it{known}?", default=False, err=True)
