"""The command `gen doctor`: what may keep a bundle from running here, what earlier runs left, and what mends it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator import __version__
from generator.cli_options import complete_bundle
from generator.cli_output import say, say_json
from generator.errors import ExitCode
from generator.execute.view import for_terminal
from generator.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.doctor.findings import Finding
    from generator.doctor.mending import Mended

STYLES = {
    "ok": "green",
    "warning": "yellow",
    "problem": "bold red",
    "done": "green",
    "left": "yellow",
    "failed": "bold red",
}


@click.command("doctor")
@click.argument("bundle", required=False, shell_complete=complete_bundle, metavar="[BUNDLE]")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend, say what was done, and look again.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def doctor_command(bundle: str | None, fix: bool, as_json: bool) -> int:
    """Look at engine, kernel, free space and bundles, and at what earlier runs left half made.

    A line for each finding: ok, warning or problem, why, and the command that mends it. Without BUNDLE: all bundles
    that gen wrote for you. A folder that only looks like one is named, and nothing in it is believed or run. Changes
    nothing without --fix.

    --fix runs a bundle's own scripts/recover.sh where a run was interrupted or a lock is stale, and removes left-over
    files and short-lived containers that no run uses. It starts no sandbox, and removes nothing that may hold data:
    such things are listed with the exact command.

    \b
    Exit codes:
      0  nothing is a problem (any more); there may be warnings
      1  at least one problem remains
      2  wrong arguments, or no such bundle

    \b
    Examples:
      gen doctor
      gen doctor dev --fix
      gen doctor --json | jq -r '.findings[] | select(.level=="problem").mend'
    """
    from generator.doctor.diagnosis import diagnose
    from generator.doctor.findings import worst
    from generator.doctor.mending import gather, mend

    here = Path.cwd()
    facts = gather(bundle, here)
    findings = diagnose(facts)
    mended: tuple[Mended, ...] = ()
    if fix:
        mended = tuple(mend(findings, facts))
        findings = diagnose(gather(bundle, here))
    if as_json:
        say_json(_document(findings, mended, fix=fix))
    else:
        _print(findings, mended)
    return ExitCode.FAILED_ROLLED_BACK if worst(findings) == "problem" else ExitCode.DONE


def _document(findings: Iterable[Finding], mended: Iterable[Mended], *, fix: bool) -> dict[str, Any]:
    from generator.doctor import findings as found
    from generator.doctor import mending

    findings = tuple(findings)
    return {
        "schema": found.SCHEMA,
        "version": __version__,
        "level": found.worst(findings),
        "findings": [found.as_data(finding) for finding in findings],
        "mended": [mending.as_data(one) for one in mended] if fix else None,
    }


def _print(findings: tuple[Finding, ...], mended: tuple[Mended, ...]) -> None:
    rows: list[tuple[str, ...]]
    rows = [(one.result, one.finding.subject, one.finding.what, one.words, "") for one in mended]
    rows += [(one.level, one.subject, one.what, one.why, one.mend) for one in findings]
    show = _show_on_terminal if for_terminal(sys.stdout) else _show_plain
    show([tuple(map(escaped, row)) for row in rows])
    counts = {level: sum(one.level == level for one in findings) for level in ("problem", "warning")}
    say(", ".join(f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items()) + ".")


def _show_plain(rows: list[tuple[str, ...]]) -> None:
    """One line each, for files and for grep."""
    for mark, subject, what, why, mend in rows:
        say(f"{mark:<8} {subject}: {what}" + (f" ({why})" if why else "") + (f"  mend: {mend}" if mend else ""))


def _show_on_terminal(rows: list[tuple[str, ...]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from generator.execute.screen import screen

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column()
    for mark, subject, what, why, mend in rows:
        words = Text(what)
        if why:
            words.append(f" ({why})", style="dim")
        if mend:
            words.append(f"\n{mend}", style="cyan")
        table.add_row(Text(mark, style=STYLES[mark]), Text(subject, style="dim"), words)
    screen(None).print(table)
