"""The commands that drive a bundle: each starts the bundle's own script, shows it, and ends with its exit code."""

from __future__ import annotations

import os
from pathlib import Path

import click

from generator.cli_options import (
    Output,
    bundle_argument,
    check_choice,
    compiled,
    exit_event,
    json_option,
    out_option,
    owned,
    profile_option,
    project_option,
    quiet_option,
    run_script,
    set_option,
    the_bundle,
)
from generator.execute import commands
from generator.execute.process import become
from generator.execute.trust import require_apart


@click.command("up")
@bundle_argument
@profile_option
@set_option
@out_option
@click.option("--approve", metavar="HASH", help="Run only the plan that gen plan showed with this hash.")
@project_option
@json_option
@quiet_option
def up_command(
    bundle: str | None,
    ref: str | None,
    sets: tuple[str, ...],
    out: Path | None,
    approve: str | None,
    project: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Start a sandbox: take the steps of its bundle, one by one.

    Each step is verified first and left alone if it holds, so a second `gen up` only looks. When a step fails, or on
    Ctrl-C, everything that this run did is undone; gen waits for that. Runs scripts/start.sh.

    BUNDLE is a sandbox's name, a folder, or a name under ./bundles. Without it: the bundle in the current folder, or
    else the only one that works on the project you are in or lies in ./bundles. With --profile the bundle is written
    first: to the sandbox's own folder in $XDG_DATA_HOME/gen/sandboxes, or to --out, never into the project.

    \b
    Exit codes:
      0  the sandbox runs
      1  failed, and everything that this run did is undone
      2  wrong arguments, or an error in the profile
      3  failed, and something could not be undone; it is named
      4  refused, nothing was changed: another run, an edited bundle, or another plan than was approved
      137  the script was killed: gen recover undoes what it began

    \b
    Examples:
      gen up
      gen up --profile dev --set storage.size=40G
      gen up dev --approve "$(gen plan dev --json | jq -r .hash)"
      gen up --profile safe --project ~/my/repo
      gen up --profile dev --out ./sandbox
      gen up dev --json | jq -r 'select(.event=="failed").log'
    """
    check_choice(bundle, ref, sets, out)
    output = Output(as_json=as_json, quiet=quiet)
    with exit_event(output):
        if ref is not None:
            bundle = compiled(ref, owned(sets, project), output, out=out, project=project)
        found = the_bundle(bundle)
        require_apart(found.path, Path(project) if project is not None else None)
        return run_script(commands.start(found, approve=approve, project=project), output, steps=True)


@click.command("down")
@bundle_argument
@json_option
@quiet_option
def down_command(bundle: str | None, as_json: bool, quiet: bool) -> int:
    """Stop a sandbox and free its loop device; the workspace and everything else stay for the next start.

    Runs scripts/stop.sh. To undo everything, use gen rollback.

    \b
    Exit codes:
      0  it is stopped, or was
      2  wrong arguments, or no such bundle
      3  something could not be stopped or freed
      4  refused, nothing was changed

    \b
    Examples:
      gen down
      gen down dev -q
    """
    output = Output(as_json=as_json, quiet=quiet)
    with exit_event(output):
        return run_script(commands.stop(the_bundle(bundle)), output)


@click.command("status")
@bundle_argument
@json_option
@quiet_option
def status_command(bundle: str | None, as_json: bool, quiet: bool) -> int:
    """Say what there is of a sandbox on this host. Changes nothing.

    Runs scripts/status.sh. With --json each of its lines is an event "output"; the exit code says the rest.

    \b
    Exit codes:
      0  the sandbox runs and is healthy
      1  it does not
      2  wrong arguments, or no such bundle
      4  the engine does not answer

    \b
    Examples:
      gen status
      gen status dev -q && echo healthy
    """
    output = Output(as_json=as_json, quiet=quiet)
    with exit_event(output):
        command = commands.present(commands.status(the_bundle(bundle)))
        if not as_json:
            become(command, quiet=quiet)
        return run_script(command, output, lines=True)


@click.command("test")
@bundle_argument
@click.option("--tap", is_flag=True, help="Print the Test Anything Protocol.")
@click.option("--junit", metavar="FILE", help="Write a JUnit report as well.")
@json_option
@quiet_option
def test_command(bundle: str | None, tap: bool, junit: str | None, as_json: bool, quiet: bool) -> int:
    """Run every check on the running sandbox: a line each, and a count.

    Runs test-setup.sh. With --json each check is an event "check" with its title and the result "holds" or
    "does-not-hold"; what explains a failure follows it as events "output".

    \b
    Exit codes:
      0  every check holds
      1  at least one does not, or cannot be known
      2  wrong arguments, or no such bundle
      4  the engine does not answer

    \b
    Examples:
      gen test
      gen test dev --junit report.xml
      gen test --json | jq -r 'select(.result=="does-not-hold").title'
    """
    if tap and as_json:
        raise click.UsageError("--tap and --json are two formats: ask for one.")
    output = Output(as_json=as_json, quiet=quiet)
    with exit_event(output):
        command = commands.present(commands.run_checks(the_bundle(bundle), tap=tap, junit=junit))
        if not as_json:
            become(command, quiet=quiet)
        return run_script(command, output)


@click.command("rollback")
@bundle_argument
@click.option("--yes", is_flag=True, help="Do not ask. This is not consent to lose data.")
@click.option("--delete-data", is_flag=True, help="Delete the workspace too; otherwise it is kept in storage/kept/.")
@json_option
@quiet_option
def rollback_command(bundle: str | None, yes: bool, delete_data: bool, as_json: bool, quiet: bool) -> int:
    """Undo everything that a bundle did on this host, and give back what it moved aside.

    On a terminal the bundle says what would go, and asks. Without one nothing is asked. The workspace is kept as a
    disk image unless --delete-data is given. Runs rollback.sh.

    \b
    Exit codes:
      0  everything is undone, and that was measured
      2  wrong arguments, or no such bundle
      3  something is left; it is named
      4  refused, or you said no; nothing was changed

    \b
    Examples:
      gen rollback
      gen rollback dev --yes
      gen rollback dev --yes --delete-data --json
    """
    if os.isatty(0) and not yes and (as_json or quiet):
        raise click.UsageError("Nothing can be asked with --json or --quiet: add --yes if you mean it.")
    output = Output(as_json=as_json, quiet=quiet)
    with exit_event(output):
        command = commands.present(commands.rollback(the_bundle(bundle), yes=yes, delete_data=delete_data))
        if not yes and os.isatty(0) and os.isatty(1):
            # The question is the script's, so the terminal is too.
            become(command)
        return run_script(command, output, steps=True)


@click.command("prune")
@bundle_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune_command(bundle: str | None, yes: bool) -> None:
    """Take away the images that a bundle built from earlier states of itself, and that no sandbox needs any more.

    It names them with their sizes, and asks. The image of now, the base image, and whatever a container uses stay.
    Runs scripts/prune.sh.

    \b
    Exit codes:
      0  they are gone, or there was none
      2  wrong arguments, or no such bundle
      3  one is left; it is named
      4  refused, or you said no; nothing was changed

    \b
    Examples:
      gen prune dev
      gen prune dev --yes
    """
    become(commands.present(commands.prune(the_bundle(bundle), yes=yes)))


@click.command("recover")
@bundle_argument
@json_option
@quiet_option
def recover_command(bundle: str | None, as_json: bool, quiet: bool) -> int:
    """Bring an interrupted run (killed, or cut off by a power failure) to its end: undo what it began.

    gen up and gen rollback do this by themselves first. Runs scripts/recover.sh.

    \b
    Exit codes:
      0  no run is open, or is any more
      2  wrong arguments, or no such bundle
      3  something could not be undone; it is named
      4  refused, nothing was changed

    \b
    Examples:
      gen recover
      gen recover dev --json
    """
    output = Output(as_json=as_json, quiet=quiet)
    with exit_event(output):
        return run_script(commands.recover(the_bundle(bundle)), output, steps=True)
