"""Law: what gen prints goes through one place, which writes out what steers a terminal; nothing of others is markup."""

import ast
import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from generator import cli_output
from generator.execute.screen import screen
from generator.printable import escaped, escaped_lines, json_text

# Who may print, and how: the commands through cli_output, a view on the streams that it was given, rich on its screen.
PRINTS = {
    "print": (),
    "click.echo": ("cli_output",),
    "click.secho": (),
    "sys.stdout.write": (),
    "sys.stderr.write": ("__main__",),
    "sys.stdout.buffer.write": (),
    "out.write": ("execute.view",),
    "Console": ("execute.screen",),
    "Text.from_markup": (),
    "Text.from_ansi": (),
    "rich.print": (),
    "error.show": ("cli",),
}
LOOKS = (
    "\x1b[2J",
    "\x9b31m",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\x85",
    "\u2028",
    "\r",
    "\0",
    "\x7f",
    "\U000e0041",
)


def printing(source: str) -> Iterator[tuple[str, int]]:
    """The calls in a module that print, by their names, with their lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in PRINTS:
            yield name, node.lineno


def test_what_is_printed_goes_through_one_place(repository: Path) -> None:
    folder = repository / "generator"
    others = [
        f"{module}:{line} {name}"
        for path in sorted(folder.rglob("*.py"))
        for module in [".".join(path.relative_to(folder).with_suffix("").parts)]
        for name, line in printing(path.read_text("utf-8"))
        if module not in PRINTS[name]
    ]
    assert others == []


@pytest.mark.parametrize("call", sorted(PRINTS))
def test_the_law_sees_what_it_forbids(call: str) -> None:
    assert [name for name, _ in printing(f"def f(x):\n    {call}(x)\n")] == [call]


def test_the_words_that_are_known_are_all_that_a_module_of_the_command_line_prints_by(repository: Path) -> None:
    """No module of the command line holds on to a stream itself, under whatever name, but to hand it to a view."""
    handed = {"for_terminal(sys.stdout)", "show_plan(plan, sys.stdout, shlex.quote(found.shown))"}
    found = set()
    for path in sorted((repository / "generator").glob("cli*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout", "sys.stderr"):
                found.add(ast.unparse(parents[node]))
    views = {text for text in found if text.startswith(("JsonView(", "QuietView(", "make("))}
    assert found - views - handed <= {"sys.stdout.flush", "sys.stdout.fileno", "(sys.stdout, sys.stderr)"}


def printed(make: Callable[[], None]) -> tuple[str, str]:
    """What a command that does this prints, on a terminal's stream with colours."""
    command = click.command("x")(make)
    result = CliRunner().invoke(command, color=True, catch_exceptions=False)
    return result.stdout, result.stderr


@pytest.mark.parametrize("look", LOOKS, ids=ascii)
def test_every_way_out_writes_out(look: str, tmp_path: Path) -> None:
    def work() -> None:
        cli_output.say("a", look, "b")
        cli_output.say(cli_output.styled(look, fg="red"), err=True)
        cli_output.say_lines(f"a{look}\nb")
        cli_output.say_json({"key": [look]})

    out, errors = printed(work)
    first, second, third, document = out.split("\n", 3)
    assert (second, third) == (f"a{escaped(look)}", "b")
    assert json.loads(document) == {"key": [look]}
    assert errors == f"\x1b[31m{escaped(look)}\x1b[0m\n"
    assert (first[:2], first[-1]) == ("a\\", "b")
    assert look not in out + errors.replace("\x1b[31m", "").replace("\x1b[0m", "")


def test_nothing_on_the_screen_is_markup(tmp_path: Path) -> None:
    from rich.table import Table
    from rich.text import Text

    text = "[bold]x[/bold] [link=file:///x]y[/link] :warning: [red]"
    with (tmp_path / "out").open("w+", encoding="utf-8") as out:
        table = Table.grid()
        table.add_row(text)
        console = screen(out, terminal=True)
        console.print(text)
        console.print(table)
        console.print(Text(text))
        out.seek(0)
        assert [line.rstrip() for line in out] == [text] * 3


@given(st.text())
def test_lines_end_where_they_did_and_a_document_is_the_same(text: str) -> None:
    assert escaped_lines(text).count("\n") == text.count("\n")
    assert len(escaped_lines(text).splitlines() or [""]) == len(text.removesuffix("\n").split("\n"))
    assert json.loads(json_text({"x": text, "y": [text]})) == {"x": text, "y": [text]}
    steering = {char for char in json_text([text]) if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")}
    assert steering <= {"\n"}
