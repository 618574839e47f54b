"""package.json: what of it steers an installation, or is run by one."""

from __future__ import annotations

import json
import re

from project import risky, spelling
from project.host import split
from project.risky import Reason
from project.tree import LARGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from project.data import Change, Entry
    from project.tree import Blob, Tree

NAME = "package.json"
INSTALLS = Reason("packages", "what an installation fetches, or runs by itself, changes in it")
# What package.json says about a package to people and to those who import it; all else steers an installation.
TELLS = frozenset(
    re.findall(
        r"\w+",
        "name version description keywords homepage bugs license author contributors maintainers funding repository "
        "files main module types typings exports sideEffects private",
    )
)
# These steer, and yet name what runs only when somebody asks for it.
OFFERS = frozenset(("bin", "man", "directories", "workspaces", "browser", "imports"))
BY_ITSELF = frozenset(("install", "uninstall", "prepare", "publish", "dependencies"))
RUNS = re.compile(r"\b(?:npm|yarn|pnpm|bun|npm-run-all2?|run-[sp]|nr)\b((?:\s+[\w:@./*-]+)+)")


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back: a package.json that changes in what an installation does."""
    packages = [each for each in changes if is_package(each.path)]
    return {change.path: [INSTALLS] for change in packages if _installs(change, tree.blob)}


def is_package(path: bytes) -> bool:
    """Whether some filesystem takes the file for a package.json."""
    return spelling.folded(split(path)[1]) == NAME


def called(text: str) -> set[str]:
    """The scripts that a text runs by name, as in `npm run build`."""
    return {word for match in RUNS.finditer(text) for word in match[1].split()}


def run_unasked(content: bytes, also: Iterable[str] = ()) -> str:
    """What of a package.json is run, or read, though nobody asks for it; `also` are scripts that a hook runs."""
    package = _read(content)
    if package is None:
        return content.decode("utf-8", "replace")
    scripts = {name: text for name, text in package.get("scripts", {}).items() if isinstance(text, str)}
    wanted = [name for name in scripts if _by_itself(name) or name in also]
    for name in wanted:
        wanted += [other for other in called(scripts[name]) if other in scripts and other not in wanted]
    rest = {key: value for key, value in package.items() if key not in TELLS | OFFERS and key != "scripts"}
    return json.dumps(rest) + "\n" + "\n".join(scripts[name] for name in wanted)


def _installs(change: Change, blob: Blob) -> bool:
    """Whether package.json changes in what an installation does; where it cannot be read, it may."""
    old, new = _package(change.old, blob), _package(change.new, blob)
    return old is None or new is None or old != new


def _package(entry: Entry | None, blob: Blob) -> dict[str, Any] | None:
    if entry is None:
        return {}
    if entry.mode not in risky.FILES or entry.size > LARGEST:
        return None
    package = _read(blob(entry.oid))
    if package is None:
        return None
    by_itself = {name: text for name, text in package.get("scripts", {}).items() if _by_itself(name)}
    steering = {key: value for key, value in package.items() if key not in TELLS and key != "scripts"}
    return {**steering, **({"scripts": by_itself} if by_itself else {})}


def _read(content: bytes) -> dict[str, Any] | None:
    """The document; None where it is none of a package."""
    try:
        package = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return package if isinstance(package, dict) and isinstance(package.get("scripts", {}), dict) else None


def _by_itself(script: str) -> bool:
    """Whether a package manager runs a script without being asked for it by name; pnpm has names of its own."""
    return script.startswith(("pre", "post", "pnpm:")) or script in BY_ITSELF
