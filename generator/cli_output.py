"""What the commands print: the one place where text leaves gen on its way to a person or a program.

Whatever it is given is written out first (`generator.printable`), so that no name, file or log of others steers a
terminal or ends a line. Colours are put on here, on what was written out already.
"""

from __future__ import annotations

import os
from typing import Any

import click

from generator.printable import escaped, escaped_lines, json_text


class Styled(str):
    """Text that was written out and then coloured. Only `styled` makes it."""

    __slots__ = ()


def styled(text: str, **style: Any) -> Styled:
    """The text in a colour or weight, as click names them."""
    return Styled(click.style(escaped(text), **style))


def say(*parts: str, err: bool = False) -> None:
    """One line, put together from its parts."""
    _echo("".join(part if isinstance(part, Styled) else escaped(part) for part in parts), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Text of several lines; a last line feed counts as the end of the last line."""
    _echo(escaped_lines(text.removesuffix("\n")), err=err)


def say_json(data: Any) -> None:
    """A document for programs."""
    _echo(json_text(data), err=False)


def _echo(text: str, *, err: bool) -> None:
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)
