"""Data as text: JSON and YAML are never templates. The same data gives the same bytes everywhere.

The YAML is written here, not by a library: a bundle's bytes must not change with a library's version, and this is
ten times as fast. It knows block style, plain and double-quoted text, numbers, true, false and null, and no more.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Text that every YAML parser, of 1.1 and of 1.2, reads as text without quotes.
_PLAIN = re.compile(r"[A-Za-z_/.$](?:[A-Za-z0-9_/.$@+,'()%{} =:;-]*[A-Za-z0-9_/.$@+,'()%{}=-])?")
_NOT_TEXT = re.compile(r"[.~]|\.{3}|(?i:null|true|false|yes|no|on|off|y|n|\.inf|\.nan)|\.[0-9][0-9eE_.+-]*")
_COLON = re.compile(r":(?: |$)")


def serialise(path: str, data: Any) -> bytes:
    """The document as its path's ending says: .json, .env, .options, .rules, or .yaml and .yml."""
    lines = dict.fromkeys((".env", ".options", ".rules"), to_lines)
    writers: dict[str, Callable[[Any], str]] = {".json": to_json, **lines}
    return writers.get(PurePosixPath(path).suffix, to_yaml)(data).encode()


def to_lines(words: Sequence[str]) -> str:
    """A word a line. In an environment file a name takes the value that the environment has for it, if any.

    Raises ValueError for a word that is no line.
    """
    if any("\n" in word for word in words):
        raise ValueError("a word of more than one line")
    return "".join(f"{word}\n" for word in words)


def to_json(data: Any) -> str:
    """JSON in the order of the data, indented, with a newline at the end."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def to_yaml(data: Any) -> str:
    """YAML in block style, in the order of the data. Raises TypeError for what is not plain data."""
    return "".join(f"{line}\n" for line in _lines(data))


def _lines(data: Any) -> Iterator[str]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _entry(f"{_scalar(key)}:", value)
    elif isinstance(data, list | tuple) and data:
        for value in data:
            first, *rest = _lines(value)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(data)


def _entry(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict | list | tuple) and value:
        yield key
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{key} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value, allow_nan=False)
    if isinstance(value, dict | list | tuple) and not value:
        return "{}" if isinstance(value, dict) else "[]"
    raise TypeError(f"{type(value).__name__} is not plain data")


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and not _NOT_TEXT.fullmatch(value) and not _COLON.search(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else _escape(char) for char in escaped) + '"'


def _escape(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"
