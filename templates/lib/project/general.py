"""What is held back whatever tool may read it: new settings at the top, names of modules, names that mislead.

The table names the tools that we know of. These rules are for those that we do not.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from project import imports, risky, spelling
from project.risky import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from project.data import Change
    from project.tree import Tree

DOT = Reason("settings", "a new dot-file or dot-folder at the top: tools take such for their settings")
SETTINGS = Reason("settings", "a new settings file at the top: tools look for theirs there")
MODULE = Reason("module", "a new module at the top: Python, started there, takes it for the one of that name")
CONTROL = Reason("name", "its name has characters that nobody sees, or that turn or move what is shown")
OPTION = Reason("name", "its name begins with a dash: commands that are given * take it for an option")
SPACE = Reason("name", "its name begins or ends with a space, which nobody sees")
UNDECODED = Reason("name", "its name is no text, so what is shown is not what it is called")
SUFFIXES = tuple(
    "." + word
    for word in re.findall(r"\w+", "toml ini cfg conf cnf yaml yml json json5 jsonc rc properties kdl hcl plist lua")
)
# Read by people and by what they start, as the table says.
PLAIN = frozenset(("dockerfile", "containerfile", ".gitignore", ".dockerignore", ".gitkeep", ".keep"))
# A tool's own program in a folder: Dangerfile, Fastfile, Snapfile.
FILE = re.compile(r"[a-z]+file")


def held(changes: Sequence[Change], _: Tree) -> dict[bytes, list[Reason]]:
    """Held back: what is new under such a name."""
    fresh = ((change.path, change.new) for change in changes if change.old is None and change.new is not None)
    found = {path: [*_at_top(path, new.mode == risky.LINK), *_misleading(path)] for path, new in fresh}
    return {path: reasons for path, reasons in found.items() if reasons}


def _at_top(path: bytes, link: bool) -> list[Reason]:
    top, *below = spelling.components(path)
    if top in PLAIN:
        return []
    if top.startswith("."):
        return [DOT]
    if imports.shadowing([top, *below], link=link) == "":
        return [MODULE]
    return [SETTINGS] if not below and (top.endswith(SUFFIXES) or FILE.fullmatch(top)) else []


def _misleading(path: bytes) -> list[Reason]:
    return list(dict.fromkeys(reason for part in path.split(b"/") for reason in _of_part(part)))


@lru_cache(maxsize=65536)
def _of_part(part: bytes) -> tuple[Reason, ...]:
    if part.isalnum():
        return ()
    found = [OPTION] if part.startswith(b"-") else []
    found += [SPACE] if part != part.strip() else []
    try:
        text = part.decode("utf-8")
    except UnicodeDecodeError:
        return (*found, UNDECODED)
    if not (text.isascii() and text.isprintable()) and any(map(_unseen, text)):
        found.append(CONTROL)
    return tuple(found)


def _unseen(char: str) -> bool:
    """Whether a character is not shown, or changes how others are: controls, marks of direction, odd spaces."""
    odd = unicodedata.category(char) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") or (char != " " and char.isspace())
    return odd or spelling.IGNORED.match(char) is not None
