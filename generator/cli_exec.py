"""The commands that give a running sandbox something to do: each becomes the bundle's own script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from generator.cli_options import bundle_argument, complete_bundle, the_bundle
from generator.execute import commands
from generator.execute.process import become

if TYPE_CHECKING:
    from generator.execute.bundle import Bundle


@click.command("shell")
@bundle_argument
def shell_command(bundle: str | None) -> None:
    """Open a shell in a running sandbox, as the sandbox's user.

    Runs scripts/connect.sh. The exit code is the shell's own; 4 when the sandbox does not run.

    \b
    Examples:
      gen shell
      gen shell dev
    """
    become(commands.present(commands.connect(the_bundle(bundle))))


class Exec(click.Command):
    """`exec NAME -- COMMAND`, and `exec -- COMMAND`: what stands behind that `--` is never taken for a name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Takes the words behind `--` out before click sees them; options may stand on either side of the name."""
        place = _behind_options(args, 0)
        if place < len(args) and args[place] != "--":
            name, begin = args[place], place
            place = _behind_options(args, begin + 1)
            args = [*args[:begin], *args[begin + 1 : place], name, *args[place:]]
        if args[place : place + 1] == ["--"]:
            ctx.meta["words"] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


def _behind_options(args: list[str], place: int) -> int:
    """Where the options that begin at that place end."""
    while place < len(args) and args[place].startswith("-") and args[place] != "--":
        place += 2 if args[place] == "--timeout" else 1
    return min(place, len(args))


@click.command("exec", cls=Exec, context_settings={"allow_interspersed_args": False})
@click.argument("name", shell_complete=complete_bundle, metavar="[NAME]", required=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND [ARG]...")
@click.option("--timeout", metavar="TIME", help="End the command after 30s, 5m or 2h, with exit code 124.")
@click.option("--detach", is_flag=True, help="Print a number and return; the command goes on: gen ps, logs, kill.")
@click.pass_context
def exec_command(
    context: click.Context, name: str | None, words: tuple[str, ...], timeout: str | None, detach: bool
) -> None:
    """Run one command in a running sandbox, as the sandbox's user.

    NAME is a sandbox or a bundle's folder; without it, and with -- in front of the command, the one that gen status
    takes here. Standard input and output are the command's own. What ends this (Ctrl-C, a closed terminal, --timeout)
    ends the command and what it began; with --detach it ends with the sandbox. Runs scripts/connect.sh. The exit code
    is the command's; 127 when there is no such program; 4 when the sandbox does not run.

    \b
    Examples:
      gen exec dev -- aider --version
      gen exec -- npm test
      gen exec --timeout 5m dev -- npm test
      gen exec --detach dev -- npm run watch
      tar c src | gen exec dev -- tar x
    """
    command: tuple[str, ...] = context.meta.get("words") or words
    if not command:
        where = name or "NAME"
        raise click.UsageError(f"Which command? For example: gen exec {where} -- id. For a shell: gen shell {where}")
    become(commands.present(commands.connect(the_bundle(name), command, timeout, detach=detach)))


@click.command("ps")
@bundle_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def ps_command(bundle: str | None, as_json: bool) -> None:
    """List the commands that run in a sandbox, and the detached ones that have ended. Runs scripts/ps.sh.

    \b
    Exit codes:
      0  shown
      2  wrong arguments, or no such bundle

    \b
    Examples:
      gen ps dev
      gen ps dev --json | jq '.commands[] | select(.state == "running").number'
    """
    become(commands.present(commands.list_commands(the_bundle(bundle), as_json=as_json)))


_which = click.argument("which", nargs=-1, required=True, shell_complete=complete_bundle, metavar="[BUNDLE] NUMBER")


def _bundle_and_number(which: tuple[str, ...]) -> tuple[Bundle, int]:
    """The bundle that is meant, and a command's number in it."""
    *named, number = which
    if len(named) > 1 or not (number.isascii() and number.isdigit()):
        raise click.UsageError("Say the number of a command, behind the bundle if one is named: gen ps lists them.")
    return the_bundle(named[0] if named else None), int(number[:15])


@click.command("logs")
@_which
@click.option("-f", "--follow", is_flag=True, help="Go on until the command has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def logs_command(which: tuple[str, ...], follow: bool, as_json: bool) -> None:
    """Show what a detached command has printed. What could steer your terminal is written out. Runs scripts/logs.sh.

    Of much, the beginning and the newest end are kept. For the logs of a run, see gen log.

    \b
    Exit codes:
      0  shown
      2  wrong arguments, no such bundle, or no such command

    \b
    Examples:
      gen logs 3
      gen logs dev 3 --follow
      gen logs dev 3 --json | jq -r '.output[]'
    """
    if follow and as_json:
        raise click.UsageError("--follow prints as it comes: it has no --json.")
    bundle, number = _bundle_and_number(which)
    become(commands.present(commands.show_output(bundle, number, follow=follow, as_json=as_json)))


@click.command("kill")
@_which
def kill_command(which: tuple[str, ...]) -> None:
    """End a command in a sandbox, with all that it began: it is asked to, and killed 5 seconds later.

    NUMBER is what gen ps shows. One that has ended is left as it is. Runs scripts/kill.sh.

    \b
    Exit codes:
      0  it has ended
      1  it has not
      2  wrong arguments, no such bundle, or no such command
      4  the engine does not answer

    \b
    Examples:
      gen kill 3
      gen kill dev 3
    """
    become(commands.present(commands.end_command(*_bundle_and_number(which))))
