"""What programs are told: JSON documents, in which a path and a change look the same wherever they stand."""

from __future__ import annotations

import base64
import json
import sys

from project import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from project.data import Change, Commit, Entry, Note
    from project.risky import Reason


def show(document: Mapping[str, Any]) -> None:
    """On standard output, and nothing else there; in ASCII, so that no terminal is steered by it."""
    sys.stdout.write(json.dumps({"schema": 1, **document}, indent=2) + "\n")
    sys.stdout.flush()


def named(path: bytes) -> dict[str, str]:
    """A path: as it is shown, and its bytes where these differ."""
    shown = words.path(path)
    exact = {} if shown.encode("utf-8") == path else {"base64": base64.b64encode(path).decode("ascii")}
    return {"path": shown, **exact}


def of_commit(commit: Commit) -> dict[str, Any]:
    """A commit; one that no command made has no command."""
    command = commit.command if commit.kind == "command" else None
    told = {"commit": commit.oid, "kind": commit.kind, "command": command, "exit": commit.code}
    seconds = None if commit.code is None else commit.seconds
    return {**told, "seconds": seconds, "time": commit.time, "beside": list(commit.beside)}


def of_change(change: Change) -> dict[str, Any]:
    """A change: what was at the path, and what is there now."""
    return {
        **named(change.path),
        "status": change.status.value,
        "old": _of_entry(change.old),
        "new": _of_entry(change.new),
    }


def of_note(note: Note) -> dict[str, Any]:
    """A note on what cannot be tracked."""
    return {**named(note.path), "kind": note.kind, "size": note.size, "count": note.count}


def of_reason(reason: Reason) -> dict[str, str]:
    """Why a path is held back, or never comes back."""
    return {"kind": reason.kind, "reason": reason.reason, **({"pattern": reason.pattern} if reason.pattern else {})}


def _of_entry(entry: Entry | None) -> dict[str, Any] | None:
    return {"mode": f"{entry.mode:06o}", "oid": entry.oid, "size": entry.size} if entry else None
