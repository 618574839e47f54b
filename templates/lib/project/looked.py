"""What somebody has looked at: `apply` brings back nothing that a review has not shown, nor what is left of it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from project import records
from project.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from project.data import Change, Entry
    from project.reviewed import Reviewed
    from project.track import Track

# Which state was shown last.
SHOWN = "reviewed.json"


@dataclass(frozen=True)
class Unseen:
    """What differs from what was shown: `came` would come now, `went` was shown and would come no longer."""

    came: tuple[Change, ...] = ()
    went: tuple[bytes, ...] = ()


def remember(state: str, found: Reviewed) -> None:
    """Writes down that all of this was shown.

    Of what never comes back nobody has seen more than its name: should it come one day, somebody has to look first.
    """
    hidden = [verdict.change.path for verdict in found.never()]
    told = {"schema": 3, "hash": found.hash, "commit": found.commit, "hidden": _texts(hidden)}
    content = json.dumps({**told, "apart": _texts(sorted(found.apart))})
    records.write(os.path.join(state, SHOWN), content.encode("ascii"), durable=True)


def unseen(track: Track, found: Reviewed, *, approved: bool = False) -> Unseen | None:
    """What is not as somebody saw it; None where nobody has looked at all.

    What is `approved` by its hash was seen elsewhere; but what the host has made of it since the look here counts.
    """
    try:
        shown = json.loads(records.read(os.path.join(track.state, SHOWN)))
        hidden, apart = (frozenset(map(os.fsencode, shown[key])) for key in ("hidden", "apart"))
        if approved and shown["hash"] != found.hash:
            return Unseen()
        then = track.touched(track.resolve(shown["commit"]) if shown["commit"] else None)
    except (ValueError, KeyError, TypeError, Failure):
        return Unseen() if approved else None
    seen = {path: own for path, (base, own) in then.items() if base != own and path not in hidden}
    offered = {each.path: each for each in found.offered()}

    def was_seen(change: Change) -> bool:
        known = change.path in seen and seen[change.path] == _version(change.new)
        # Then the host had it, and what came from there under another name was shown as that.
        return known and change.path not in found.apart - apart

    came = tuple(each for each in offered.values() if not was_seen(each))
    missing = seen.keys() - offered.keys() if offered else frozenset[bytes]()
    # What an apply has brought, or refused, is the base by now.
    settled = track.applied(shown["commit"] or None, found.commit) if missing else frozenset()
    return Unseen(came, tuple(sorted(missing - settled)))


def _version(entry: Entry | None) -> tuple[int, str] | None:
    return (entry.mode, entry.oid) if entry else None


def _texts(paths: Iterable[bytes]) -> list[str]:
    return [os.fsdecode(path) for path in paths]
