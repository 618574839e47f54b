"""What the JSON Schemas of this package are put together from."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
RUN = r"^[0-9]{8}T[0-9]{6}Z-[0-9]+$"
STEP = r"^[0-9]{2}-[a-z0-9-]+$"
HASH = "^[0-9a-f]{64}$"

STEP_EVENTS = ("verifying", "kept", "doing", "done", "failed", "undoing", "undone", "left")


def object_of(*optional: str, **properties: Schema) -> Schema:
    """An object of exactly these properties; all but the optional ones must be there."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def text(pattern: str = "", about: str = "") -> Schema:
    return {"type": "string"} | ({"pattern": pattern} if pattern else {}) | ({"description": about} if about else {})


def list_of(items: Schema, about: str = "") -> Schema:
    return {"type": "array", "items": items} | ({"description": about} if about else {})


def count(about: str = "", least: int = 0) -> Schema:
    return {"type": "integer", "minimum": least} | ({"description": about} if about else {})


def or_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


ONE = {"const": 1}
YES_NO = {"type": "boolean"}
LINES = list_of(text())
