"""The command `gen plan`: what a start would do, before anything runs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from generator.cli_options import (
    Output,
    bundle_argument,
    check_choice,
    compiled,
    out_option,
    owned,
    profile_option,
    project_option,
    quiet_option,
    set_option,
    the_bundle,
)
from generator.cli_output import say, say_lines
from generator.execute import commands
from generator.execute.plan import read_plan
from generator.execute.process import become, drive
from generator.execute.recorder import Recorder
from generator.execute.trust import require_apart
from generator.execute.view import LAST_LINE, for_terminal


@click.command("plan")
@bundle_argument
@profile_option
@set_option
@out_option
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
@quiet_option
def plan_command(
    bundle: str | None,
    ref: str | None,
    sets: tuple[str, ...],
    out: Path | None,
    project: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Show what gen up would do: what is kept, what is done and on which effects, and what a rollback would cost.

    Changes nothing, on this host or in the bundle. With --profile it writes the bundle first, as gen up does, and
    starts nothing. The plan has a hash: gen up --approve HASH runs that plan and no other. Runs scripts/plan.sh; the
    document is described by gen schema plan-state.

    \b
    Exit codes:
      0  shown, and a start would begin
      2  wrong arguments, or an error in the profile
      4  a start would stop: `blocked` says why, what mends it, and what only the owner of the machine may decide

    \b
    Examples:
      gen plan
      gen plan --profile dev --set storage.size=40G
      gen plan --profile safe --project ~/my/repo
      gen plan dev --json | jq -r '.steps[] | select(.state=="do").title'
    """
    check_choice(bundle, ref, sets, out)
    output = Output(as_json=as_json, quiet=quiet)
    if ref is not None:
        bundle = compiled(ref, owned(sets, project), output, out=out, project=project)
    found = the_bundle(bundle)
    require_apart(found.path, Path(project) if project is not None else None)
    table = for_terminal(sys.stdout) and not quiet
    command = commands.present(commands.plan(found, as_json=as_json or table, project=project))
    if not (as_json or table):
        become(command, quiet=quiet)
    recorder = Recorder()
    code = drive(command, recorder)
    document = "\n".join(recorder.lines)
    for line in recorder.errors:
        # The last line is for machines, and these have the document.
        if not LAST_LINE.fullmatch(line):
            say(line, err=True)
    plan = None if as_json else read_plan(document)
    if plan is not None:
        # rich takes a quarter of a second to import, which only those pay who look.
        from generator.execute.plan_table import show_plan

        show_plan(plan, sys.stdout, shlex.quote(found.shown))
    elif document and not quiet:
        say_lines(document)
    return code
