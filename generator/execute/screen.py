"""A terminal as rich shows it. Apart from `view`, since rich takes a quarter of a second to import."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from typing import TextIO


def screen(out: TextIO | None, *, colours: bool = True, terminal: bool | None = None) -> Console:
    """Nothing that is printed there is markup, an emoji's name or something to highlight: text of others is text.

    NO_COLOR leaves out every colour and weight.
    """
    plain = not colours or bool(os.environ.get("NO_COLOR"))
    return Console(
        file=out,
        force_terminal=terminal,
        color_system=None if plain else "auto",
        markup=False,
        highlight=False,
        emoji=False,
    )
