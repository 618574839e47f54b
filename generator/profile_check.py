"""Turns merged tables into a Profile, and whatever pydantic refuses into findings that name place and mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from generator.profile_keys import Keys, known_keys
from generator.profile_model import Profile
from generator.profile_values import in_quotes, show
from generator.profile_yaml import Entry, Finding, Items, Mark, Node, Table, Value, ambiguity

if TYPE_CHECKING:
    from collections.abc import Iterable


Location = tuple[int | str, ...]


def dotted(location: Iterable[int | str]) -> str:
    """A location as people write it: image.packages[2]."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.removeprefix(".")


def prune(node: Node, keys: Keys, findings: list[Finding], path: str) -> Node:
    """The same tree without keys that are not known; each of them becomes a finding."""
    if isinstance(node, Items):
        items = (prune(item, keys, findings, f"{path}[{index}]") for index, item in enumerate(node.items))
        return Items(node.mark, tuple(items))
    return node if isinstance(node, Value) else prune_table(node, keys, findings, path)


def prune_table(node: Table, keys: Keys, findings: list[Finding], path: str = "") -> Table:
    """`prune` for a mapping, such as a whole profile."""
    entries: dict[str, Entry] = {}
    for key, entry in node.entries.items():
        below = f"{path}.{key}" if path else key
        if key not in keys:
            shown = f"{path}.{show(key).strip('`')}".removeprefix(".") or "profile"
            findings.append(Finding(entry.mark, shown, "is not a key that is known here", _suggest(key, keys, path)))
        elif keys[key]:
            entries[key] = Entry(entry.mark, prune(entry.node, keys[key], findings, below))
        else:
            entries[key] = entry
    return Table(node.mark, entries)


def _suggest(key: str, keys: Keys, path: str) -> str:
    from difflib import get_close_matches  # only when something is wrong

    prefix = f"{path}." if path else ""
    siblings = [*keys] if path else [*keys, "extends"]
    close = get_close_matches(key.lower(), siblings, n=1)
    if close:
        return f"Did you mean {prefix}{close[0]}?"
    everywhere = _all_paths(known_keys(), "")
    ends = {place.rsplit(".", 1)[-1]: place for place in reversed(everywhere)}
    close = get_close_matches(key.lower(), ends, n=1, cutoff=0.8)
    if close:
        return f"Did you mean {ends[close[0]]}?"
    return f"Known here: {', '.join(siblings)}"


def _all_paths(keys: Keys, path: str) -> list[str]:
    places = [f"{path}.{key}".removeprefix(".") for key in keys]
    for place, below in zip(list(places), keys.values(), strict=True):
        places += _all_paths(below, place) if below else []
    return places


def plain(node: Node, keys: Keys | None) -> Any:
    """The tree as pydantic takes it. Sections that are left out are there, empty, so that one validator does all."""
    if isinstance(node, Value):
        return node.value
    if isinstance(node, Items):
        return tuple(plain(item, None) for item in node.items)
    data = {key: plain(entry.node, (keys or {}).get(key)) for key, entry in node.entries.items()}
    return fill(data, keys or {})


def fill(data: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """Adds every section that is missing, in place."""
    for key, below in keys.items():
        if below and key != "capabilities":
            section = data.setdefault(key, {})
            if isinstance(section, dict):
                fill(section, below)
    return data


def find(node: Node, location: Location) -> tuple[Mark, Node]:
    """The place to report, and the node, that are closest to this location."""
    mark = node.mark
    for part in location:
        if isinstance(node, Table) and part in node.entries:
            entry = node.entries[str(part)]
            node = entry.node
            # An empty value has no place of its own that an editor could show.
            mark = entry.mark if isinstance(node, Value) and not node.text and not node.quoted else node.mark
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            mark = node.mark
        else:
            break
    return mark, node


def validate(table: Table, findings: list[Finding], *, complete: bool) -> tuple[Profile | None, set[str]]:
    """The Profile that the table describes, and the paths that were refused.

    What is refused becomes findings, and the Profile is then made from the rest with defaults, so that the rules
    between keys can be checked as well. `complete` is False when a layer is missing: then no key is called missing.
    """
    data = plain(table, known_keys())
    try:
        return Profile.model_validate(data), set()
    except ValidationError as error:
        errors = error.errors(include_url=False)
    # Only loaded when something is wrong.
    from generator.profile_messages import explain

    bad = {finding.path for finding in findings}
    reported = frozenset(bad)
    for detail in errors:
        location = detail["loc"]
        bad.add(dotted(location))
        _drop(data, location)
        # What the reader refused has no value that could be wrong as well.
        if dotted(location) not in reported and (detail["type"] != "missing" or complete):
            mark, node = find(table, location)
            findings.append(Finding(mark, dotted(location), *explain(detail, node)))
    data.setdefault("name", "unnamed")
    try:
        return Profile.model_validate(fill(data, known_keys())), bad
    except ValidationError:
        return None, bad


def check_words(node: Node, findings: list[Finding], path: str = "") -> None:
    """Adds a finding for each word that is accepted here, but means something else to other YAML readers."""
    if isinstance(node, Value):
        why = ambiguity(node)
        if why and not any(finding.mark == node.mark for finding in findings):
            findings.append(Finding(node.mark, path, why, in_quotes(node.text)))
    elif isinstance(node, Items):
        for index, item in enumerate(node.items):
            check_words(item, findings, f"{path}[{index}]")
    else:
        for key, entry in node.entries.items():
            check_words(entry.node, findings, f"{path}.{key}".removeprefix("."))


def _drop(data: dict[str, Any], location: Location) -> None:
    """Takes the refused value out; of a list, all of it."""
    for part in location[:-1]:
        below = data.get(str(part))
        if not isinstance(below, dict):
            data.pop(str(part), None)
            return
        data = below
    data.pop(str(location[-1]), None)
