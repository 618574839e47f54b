"""The command `gen log`: what the last run of a bundle did."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click

from generator.cli_options import bundle_argument, the_bundle
from generator.cli_output import say, say_json
from generator.errors import ExitCode, GenError
from generator.execute.audit import read_audit, shown
from generator.execute.commands import copy, present
from generator.execute.history import as_data, last_run, read_journal, run_history
from generator.execute.lock import is_at_work
from generator.execute.process import become
from generator.execute.report import follow, summary

if TYPE_CHECKING:
    from generator.execute.bundle import Bundle

RUN_ID = re.compile(r"[0-9A-Za-z]+-[0-9]+")


@click.command("log")
@bundle_argument
@click.option("--run", metavar="ID", help="Another run than the last one; an id stands in a script's last line.")
@click.option(
    "-f", "--follow", "following", is_flag=True, help="Print a run's logs while it goes on, then the summary."
)
@click.option("--audit", is_flag=True, help="Print what the sandbox was told to do instead: who, when, the command.")
@click.option("--changes", is_flag=True, help="Print what each command changed in the copy of a project instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def log_command(bundle: str | None, run: str | None, following: bool, audit: bool, changes: bool, as_json: bool) -> int:
    """Print what the last run of a bundle did, from its journal and logs. Changes nothing.

    A line for each step; for the one that failed also the last lines of its log and what mends it. Characters that
    could steer your terminal are written out. The logs are files: .state/logs/RUN/STEP.PHASE.log in the bundle.

    --audit prints .state/audit.jsonl instead: each command that gen shell, gen exec or scripts/connect.sh gave to the
    sandbox, a line each. Its words are there as they were given, secrets too.

    --changes prints the commits of the copy of a project (profile safe): one for each command that changed something.

    \b
    Exit codes:
      0  printed
      2  wrong arguments, no such bundle, or no such run
      4  the audit log may not be read

    \b
    Examples:
      gen log
      gen log dev --follow
      gen log dev --json | jq .outcome
      gen log dev --audit
      gen log safe --changes
    """
    _check(run, following=following, as_json=as_json, others={"--audit": audit, "--changes": changes})
    found = the_bundle(bundle)
    if changes:
        become(present(copy(found, "changes", ("--json",) if as_json else ())))
    if audit:
        return _print_audit(found, as_json=as_json)
    return _print_run(found, run, following=following, as_json=as_json)


def _check(run: str | None, *, following: bool, as_json: bool, others: dict[str, bool]) -> None:
    """Refuses what cannot be meant together. `others` are the options that tell of no run."""
    if following and as_json:
        raise click.UsageError("--follow prints logs as they are written: it has no --json.")
    if run is not None and not RUN_ID.fullmatch(run):
        raise click.UsageError(f"{run} is not the id of a run.")
    asked = [name for name, given in others.items() if given]
    if asked and (following or run is not None or len(asked) > 1):
        raise click.UsageError(f"{asked[0]} goes with --json only: it tells of no run.")


def _print_run(found: Bundle, run: str | None, *, following: bool, as_json: bool) -> int:
    if following:
        for line in follow(found, run or last_run(found, read_journal(found))):
            say(line)
    journal = read_journal(found)
    chosen = run or last_run(found, journal)
    history = None if chosen is None else run_history(found, journal, chosen, alive=is_at_work(found))
    if history is None or not (history.steps or history.began):
        raise _no_run(found.shown, run)
    if as_json:
        say_json(as_data(history, found))
        return ExitCode.DONE
    for line in summary(found, journal, history):
        say(line)
    return ExitCode.DONE


def _print_audit(bundle: Bundle, *, as_json: bool) -> int:
    try:
        told = read_audit(bundle)
    except OSError as error:
        raise GenError(
            "The audit log cannot be read",
            details=f"{error.filename}: {error.strerror}",
            resolution="Only its owner may read it: ls -l " + shlex.quote(str(error.filename)),
            exit_code=ExitCode.REFUSED,
        ) from error
    if as_json:
        say_json(told)
    else:
        for command in told:
            say(shown(command))
    return ExitCode.DONE


def _no_run(shown: str, run: str | None) -> GenError:
    return GenError(
        f"There is no run of {shown}" if run is None else f"There is no run {run} of {shown}",
        details="Nothing that changed anything has run yet"
        if run is None
        else "Neither its journal nor its logs know it",
        resolution=f"gen up {shown}" if run is None else f"See the last one with: gen log {shown}",
        exit_code=ExitCode.USAGE,
    )
