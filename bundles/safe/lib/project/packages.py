"""package.json: what of it steers an installation, or is run by one."""

from __future__ import annotations

import fnmatch
import json
import re

from project import risky, spelled, spelling
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
CALLED = Reason("packages", "a script of it that another file runs by name changes")
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
WORDS = r"[\w:@./*=-]+"
# Who runs scripts, or other tasks, by name.
RUNNERS = re.compile(
    r"\b(?:npm|yarn|pnpm|bun|deno|npm-run-all2?|run-[sp]|nr|lerna|turbo|nx|wsrun|concurrently|node\s+--run|npm_execpath"
    r"|pdm|poe|hatch|rye|poetry)\b"
)
# npm's own other names for its verbs.
SHORT = {"t": "test", "tst": "test", "it": "test", "cit": "test", "restart": "start"}
# Patterns of names that are tried with all scripts; of one that has more, all count as run.
PATTERNS = 200
MAIN = "the package's own beginning"


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back: a package.json that changes in what an installation does."""
    packages = [each for each in changes if is_package(each.path)]
    return {change.path: [INSTALLS] for change in packages if _installs(change, tree.blob)}


def is_package(path: bytes) -> bool:
    """Whether some filesystem takes the file for a package.json."""
    return spelling.folded(split(path)[1]) == NAME


def called(text: str) -> set[str]:
    """All that may be a script's name in a text that mentions who runs such, in whichever words and order."""
    return named(text) if RUNNERS.search(text) else set()


def called_by(package: bytes) -> set[str]:
    """The scripts that what a package runs unasked runs by name in turn."""
    return {name for line in package.decode("utf-8", "replace").splitlines() for name in called(line)}


def named(text: str) -> set[str]:
    """All that may be a script's name in a text: whoever runs it, and by whichever way."""
    found = set(re.findall(WORDS, text))
    return found | {word.partition(":")[2] for word in found} | {SHORT[word] for word in found if word in SHORT}


def run_unasked(content: bytes, also: Iterable[str] = ()) -> bytes:
    """What of a package.json is run, or read, though nobody asks for it; `also` are scripts that a hook runs."""
    package = _read(content)
    if package is None:
        return content
    rest = {key: value for key, value in package.items() if key not in TELLS | OFFERS and key != "scripts"}
    found = "\n".join((json.dumps(rest, ensure_ascii=False, indent=0), *_unasked(package, also).values()))
    return found.encode("utf-8", "surrogatepass")


def runs_otherwise(change: Change, blob: Blob, also: Iterable[str]) -> bool:
    """Whether what a package.json runs unasked changes, where these scripts are run by name, and only then."""
    if _installs(change, blob):
        return False
    old, new = (_document(entry, blob) if entry else {} for entry in (change.old, change.new))
    return old is not None and new is not None and _unasked(old, also) != _unasked(new, also)


def _unasked(package: dict[str, Any], also: Iterable[str] = ()) -> dict[str, str]:
    """The scripts that are run unasked, with those that they run, and where those begin in turn."""
    scripts = {name: text for name, text in package.get("scripts", {}).items() if isinstance(text, str)}
    words, patterns = set(also), {word for word in also if "*" in word}
    fresh = [name for name in scripts if _by_itself(name) or name in words or _matches(name, patterns)]
    found: dict[str, str] = {}
    while fresh:
        found |= {name: scripts[name] for name in fresh}
        said = {word for name in fresh for word in named(scripts[name])}
        more = {word for word in said if "*" in word} - patterns
        patterns |= more
        if len(patterns) > PATTERNS:
            found = dict(scripts)
            break
        matched = [name for name in scripts if _matches(name, more)] if more else []
        fresh = [name for name in dict.fromkeys((*sorted(said), *matched)) if name in scripts and name not in found]
    if MAIN in words or any(map(spelled.starts, (text.encode("utf-8", "surrogatepass") for text in found.values()))):
        found[MAIN] = f"./{package.get('main', '')}"
    return found


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, each) for each in patterns if each.strip("*./:-"))


def _installs(change: Change, blob: Blob) -> bool:
    """Whether package.json changes in what an installation does; where it cannot be read, it may."""
    old, new = _package(change.old, blob), _package(change.new, blob)
    return old is None or new is None or old != new


def _package(entry: Entry | None, blob: Blob) -> dict[str, Any] | None:
    if entry is None:
        return {}
    package = _document(entry, blob)
    if package is None:
        return None
    by_itself = _unasked(package)
    steering = {key: value for key, value in package.items() if key not in TELLS and key != "scripts"}
    return {**steering, **({"scripts": by_itself} if by_itself else {})}


def _document(entry: Entry, blob: Blob) -> dict[str, Any] | None:
    return None if entry.mode not in risky.FILES or entry.size > LARGEST else _read(blob(entry.oid))


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
