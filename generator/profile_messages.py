"""Words for what pydantic refuses. Only loaded when something is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from generator.profile_keys import Keys, known_keys
from generator.profile_model import Profile
from generator.profile_values import in_quotes, nearest, show
from generator.profile_yaml import OTHER_YES_NO, Items, Node, Table, Value, ambiguity, resolve

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NUMBERS = {"int_type": "a whole number", "int_from_float": "a whole number", "float_type": "a number"}
_KINDS: dict[str, type | tuple[type, ...]] = {
    "int_type": int,
    "int_from_float": int,
    "float_type": (int, float),
    "bool_type": bool,
}


def explain(error: ErrorDetails, node: Node) -> tuple[str, str]:
    """What is wrong with the value at `node`, and how to mend it."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "refused":
        return str(context["what"]), str(context["mend"])
    if kind == "missing":
        return "is missing", _missing(str(error["loc"][-1]))
    if kind == "literal_error":
        return _choice(node, str(context["expected"]))
    if kind == "greater_than_equal":
        return f"{_kind(node)} is too small", f"Write at least {_number(context['ge'])}"
    if kind == "less_than_equal":
        return f"{_kind(node)} is too large", f"Write at most {_number(context['le'])}"
    if kind in _LENGTHS:
        what, mend = _LENGTHS[kind]
        return what.format(**context), mend
    return _type(kind, error["loc"], node)


_LENGTHS = {
    "string_too_long": ("is longer than {max_length} characters", "Shorten it"),
    "string_too_short": ("is shorter than {min_length} characters", "Say more"),
    "too_long": ("has more than {max_length} items", "Shorten the list"),
}


def _type(kind: str, location: tuple[int | str, ...], node: Node) -> tuple[str, str]:
    if kind == "string_type":
        return _text(location, node)
    if kind == "tuple_type":
        return f"must be a list, not {_kind(node)}", _list_mend(node)
    if kind == "model_type":
        keys: Keys | None = known_keys()
        for part in location:
            keys = (keys or {}).get(part, keys) if isinstance(part, str) else keys
        return f"must be a mapping, not {_kind(node)}", f"Write its keys below it, indented: {', '.join(keys or ())}"
    why = ambiguity(node) if isinstance(node, Value) else None
    if why and isinstance(node, Value):
        word = OTHER_YES_NO.get(node.text.lower(), "true or false")
        return why, f"Write {word}" if kind == "bool_type" else "Write a decimal number without a zero in front"
    noun = _NUMBERS.get(kind, "true or false")
    if isinstance(node, Value) and node.quoted and isinstance(resolve(node.text), _KINDS.get(kind, bool)):
        return f'must be {noun}, but "{node.text}" in quotes is text', f"Remove the quotes: {node.text}"
    example = _default(location)
    return f"must be {noun}, not {_kind(node)}", f"Write {noun}{f', such as {_number(example)}' if example else ''}"


def _text(location: tuple[int | str, ...], node: Node) -> tuple[str, str]:
    if not isinstance(node, Value):
        return f"must be one value, not {_kind(node)}", "Write one value"
    if node.value is None:
        return "is empty", "Write a value, or remove the line"
    kind = "true or false" if isinstance(node.value, bool) else "a number"
    if location[:2] == ("network", "ports"):
        return f"must be a port mapping, not {show(node.text)}", f'Write "{node.text}:{node.text}"'
    return f"must be text, but {show(node.text)} without quotes is {kind}", in_quotes(node.text)


def _choice(node: Node, expected: str) -> tuple[str, str]:
    choices = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    if isinstance(node, Value) and isinstance(node.value, str) and node.value:
        return f"{show(node.value)} is not one of {', '.join(choices)}", nearest(node.value, choices)
    return f"must be one of {', '.join(choices)}, not {_kind(node)}", f"Write {choices[0]}"


def _missing(key: str) -> str:
    examples = {"name": "name: my-sandbox", "reason": "reason: a sentence that says why"}
    return f"Add `{examples.get(key, key + ': ...')}`"


def _list_mend(node: Node) -> str:
    if isinstance(node, Value) and re.fullmatch(r"[A-Za-z0-9._+-]{1,60}", node.text):
        return f"Write [{node.text}]"
    return "Write each item after a hyphen, or [] for none"


def _kind(node: Node) -> str:
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Table):
        return "a mapping"
    return show(node.text) if node.text else "empty"


def _default(location: tuple[int | str, ...]) -> Any:
    model: Any = Profile
    for part in location:
        info = getattr(model, "model_fields", {}).get(part)
        if info is None:
            return None
        model = info.annotation if hasattr(info.annotation, "model_fields") else info
    return getattr(model, "default", None)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
