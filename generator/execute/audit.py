"""The audit log: what a sandbox was told to do. Only read here, and never believed to be whole."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from generator.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.execute.bundle import Bundle


def read_audit(bundle: Bundle) -> tuple[dict[str, Any], ...]:
    """Each command, oldest first: the record of its beginning, with `code` and `seconds` of its end or null.

    Raises OSError when a log is there and may not be read.
    """
    commands: dict[str, dict[str, Any]] = {}
    for record in _records(bundle):
        name = str(record.get("id"))
        if record.get("event") == "begin":
            fields = {key: value for key, value in record.items() if key != "event"}
            commands[name] = {**fields, "code": None, "seconds": None}
        elif record.get("event") == "end" and name in commands:
            commands[name].update(code=record.get("code"), seconds=record.get("seconds"))
    return tuple(commands.values())


def shown(command: dict[str, Any]) -> str:
    """One command in one line: when, who, how it ended, and its words as a shell would take them."""
    user = str(command.get("user"))
    if command.get("sudo_user"):
        user = f"{command['sudo_user']} as {user}"
    where = command.get("tty") or f"by {command.get('parent') or 'no program'}"
    code = command.get("code")
    ended = "no end" if code is None else f"exit {code} after {command.get('seconds')}s"
    words = command.get("command")
    line = shlex.join(map(str, words)) if isinstance(words, list) else "?"
    return escaped(f"{command.get('time')}  {user} {where}  {ended}  {line}")


def _records(bundle: Bundle) -> Iterator[dict[str, Any]]:
    # Names of logs that were put away sort by time; the one that is written to has the newest.
    for path in (*sorted(bundle.state.glob("audit-*.jsonl")), bundle.state / "audit.jsonl"):
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            continue
        for line in lines:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                yield record
