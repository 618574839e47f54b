"""The commands on the copy of a project: look at what the agent changed, bring it back, take it back, or throw it away.

Each becomes the bundle's own script: the terminal is the script's, and so is the exit code.
"""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli_options import Output, bundle_argument, exit_event, json_option, run_script, the_bundle
from generator.execute import commands
from generator.execute.process import become

_range_option = click.option(
    "--range",
    "between",
    metavar="A..B|A",
    help="From commit A to commit B only; or what the command of commit A changed.",
)


def _range(between: str | None) -> tuple[str, ...]:
    if between is not None and between.startswith("-"):
        raise click.UsageError(f"--range wants A..B or A, not {between}: gen log --changes lists the commits.")
    return (between,) if between is not None else ()


def _flags(**given: bool) -> tuple[str, ...]:
    """The options that were given, as the script takes them."""
    return tuple(f"--{name}" for name, on in given.items() if on)


def _become(bundle: str | None, verb: str, words: tuple[str, ...]) -> None:
    """Becomes the bundle's script of that verb."""
    become(commands.present(commands.copy(the_bundle(bundle), verb, words)))


@click.command("review")
@bundle_argument
@_range_option
@click.option("--stat", is_flag=True, help="The summary alone.")
@click.option("--patch", metavar="FILE", help="Write the difference to FILE as well, for git apply.")
@click.option("--rules", is_flag=True, help="The table of what is held back, as JSON, instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def review_command(
    bundle: str | None, between: str | None, stat: bool, patch: str | None, rules: bool, as_json: bool
) -> None:
    """Show what the agent changed in its copy of your project. Changes nothing.

    A summary comes first, then what is held back because it could run or steer something on your machine, what is never
    brought back, and the difference. It ends with a hash: gen apply --approve HASH brings back exactly what was shown.
    Runs scripts/review.sh.

    \b
    Exit codes:
      0  shown
      2  wrong arguments, or no such bundle
      4  there is no copy of a project

    \b
    Examples:
      gen review safe
      gen review safe --stat
      gen review safe --json | jq -r '.changes[] | select(.held != []).path'
    """
    words = (*_range(between), *_flags(stat=stat, json=as_json))
    if rules:
        if words or patch:
            raise click.UsageError("--rules goes alone: it tells of no change.")
        words = ("--rules",)
    words += ("--patch", str(Path(patch).absolute())) if patch else ()
    _become(bundle, "review", words)


@click.command("apply")
@bundle_argument
@click.option("--approve", metavar="HASH", help="Only what gen review showed with this hash.")
@click.option("--yes", is_flag=True, help="Do not ask. This does not cover what is held back.")
@click.option("--accept", metavar="PATH", multiple=True, help="Bring back this path although it is held back.")
@click.option(
    "--accept-kind",
    type=click.Choice(["lock", "executable"]),
    multiple=True,
    help="Bring back all that is held back for this kind alone.",
)
@click.option("--only", metavar="PATH", multiple=True, help="Bring back this path, and nothing else.")
@click.option("--except", "left", metavar="PATH", multiple=True, help="Bring back all but this path, which waits.")
@click.option("--ours", metavar="PATH", multiple=True, help="Keep your version; the agent's waits no longer.")
@click.option("--theirs", metavar="PATH", multiple=True, help="Bring the agent's version whole, in place of yours.")
@click.option("--conflicts", metavar="FOLDER", help="Write conflicts into this new folder, for git mergetool.")
@click.option("--recover", is_flag=True, help="Only end what an apply left that was cut off.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def apply_command(
    bundle: str | None,
    approve: str | None,
    yes: bool,
    accept: tuple[str, ...],
    accept_kind: tuple[str, ...],
    only: tuple[str, ...],
    left: tuple[str, ...],
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    conflicts: str | None,
    recover: bool,
    as_json: bool,
) -> None:
    """Bring what the agent changed back into your project: all of it, or nothing, and only what gen review has shown.

    What the sandbox does meanwhile comes with the next one. Your own changes are merged; where that fails, conflicts
    are named and nothing is changed: --except, --ours and --theirs settle them path by path (a folder stands for all
    below it), and --conflicts writes them to a folder to look at. What is held back comes only if you say so, path by
    path; lock files that follow from their manifests, and what became executable, also as a kind. Your .git is never
    touched. Runs scripts/apply.sh.

    \b
    Exit codes:
      0  done
      1  conflicts, or it failed; your project is as it was
      2  wrong arguments, or no such bundle
      3  it was cut off and could not be put in order, or the changes are in your
         project and what follows could not be done; what to do is said
      4  refused, or you said no; nothing was changed

    \b
    Examples:
      gen apply safe
      gen apply safe --approve "$(gen review safe --json | jq -r .hash)" --yes
      gen apply safe --accept .github/workflows/test.yml
      gen apply safe --ours notes.txt --theirs src/new.py
      gen apply safe --conflicts ../conflicts
    """
    words = (*(("--approve", approve) if approve else ()), *_flags(yes=yes, recover=recover, json=as_json))
    words += tuple(f"--accept={path}" for path in accept)
    words += tuple(word for kind in accept_kind for word in ("--accept-kind", kind))
    named = {"only": only, "except": left, "ours": ours, "theirs": theirs}
    words += tuple(f"--{option}={path}" for option, paths in named.items() for path in paths)
    words += ("--conflicts", str(Path(conflicts).absolute())) if conflicts else ()
    _become(bundle, "apply", words)


@click.command("diff")
@bundle_argument
@_range_option
@click.option("--stat", is_flag=True, help="The names alone.")
@click.option("--patch", is_flag=True, help="As git apply takes it: nothing is escaped.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def diff_command(bundle: str | None, between: str | None, stat: bool, patch: bool, as_json: bool) -> None:
    """Show the difference between two moments of the copy; without --range, since it was made. Runs scripts/diff.sh.

    \b
    Exit codes:
      0  shown
      2  wrong arguments, or no such bundle
      4  there is no copy of a project

    \b
    Examples:
      gen diff safe
      gen diff safe --range 1f2e3d4..
    """
    _become(bundle, "diff", (*_range(between), *_flags(stat=stat, patch=patch, json=as_json)))


@click.command("undo")
@bundle_argument
@click.option("-n", "count", type=click.IntRange(min=1), default=1, show_default=True, help="How many commands.")
def undo_command(bundle: str | None, count: int) -> None:
    """Bring the files of the copy back to what they were before the last commands. Your project is not touched.

    This is a commit as well, so that undoing it brings them back. Runs scripts/undo.sh.

    \b
    Exit codes:
      0  done
      1  it failed
      2  wrong arguments, or no such bundle
      4  refused, nothing was changed

    \b
    Examples:
      gen undo safe
      gen undo safe -n 3
    """
    _become(bundle, "undo", (str(count),))


@click.command("discard")
@bundle_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def discard_command(bundle: str | None, yes: bool, as_json: bool) -> int:
    """Throw a sandbox away, with everything in its copy that was not applied. Your project stays as it is.

    It says what would be lost, and asks. Runs scripts/discard.sh, which is gen rollback --delete-data after a look.

    \b
    Exit codes:
      0  it is gone, and this machine is what it was
      2  wrong arguments, or no such bundle
      3  something is left; it is named
      4  refused, or you said no; nothing was changed

    \b
    Examples:
      gen discard safe
      gen discard safe --yes --json
    """
    if as_json and not yes:
        raise click.UsageError("Nothing can be asked with --json: add --yes if you mean it.")
    output = Output(as_json=as_json)
    with exit_event(output):
        command = commands.present(commands.copy(the_bundle(bundle), "discard", _flags(yes=yes)))
        if not yes:
            become(command)
        return run_script(command, output, steps=True)
