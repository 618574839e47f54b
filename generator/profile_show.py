"""Prints a profile as it came out: with the place that each value came from, or as the file that a bundle holds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from generator.documents import to_yaml
from generator.profile_yaml import OTHER_YES_NO, resolve

if TYPE_CHECKING:
    from generator.profile import LoadedProfile

OWN_PROFILE = "profile.yaml"
"""The file of a bundle that holds the profile that the bundle was written from."""
CA_FILE = "config/ca-certificates.crt"
"""The file of a bundle that holds the certificates that its profile names."""
_HEADER = """\
# What this bundle was written from: the profile with all that it extended and every --set. In this folder,
#     gen bundle --profile {own} --out .
# writes the same bundle, and a --set KEY=VALUE behind that changes it.
"""
_WORD = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+@=~-]*(:[A-Za-z0-9_./+@=~-]+)*( [A-Za-z0-9_./+@=~(),;-]+)*")


def as_data(loaded: LoadedProfile) -> dict[str, Any]:
    """The profile and the origin of each value, as plain data."""
    origins = {
        path: origin if isinstance(origin, str) else {"file": origin.file, "line": origin.line}
        for path, origin in loaded.origins.items()
    }
    return {"profile": loaded.profile.model_dump(mode="json"), "origins": origins}


def as_yaml(loaded: LoadedProfile) -> str:
    """The profile as YAML that can be loaded again; a comment behind each value says where it came from."""
    rows: list[tuple[str, str]] = []
    _rows(loaded.profile.model_dump(mode="json"), "", loaded, rows)
    # A long value, such as a description, must not push all the comments out of sight.
    column = max((len(text) for text, origin in rows if origin and len(text) <= 60), default=0) + 2
    lines = (f"{text:<{column - 2}}  # {origin}" if origin else text for text, origin in rows)
    return "\n".join(lines) + "\n"


def own_profile(loaded: LoadedProfile) -> bytes:
    """The profile as the bundle holds it: nothing outside the bundle is needed to write the same bundle again."""
    data = loaded.profile.model_dump(mode="json")
    if loaded.ca_pem is not None:
        data["build"]["ca_certificates"] = CA_FILE
    return (_HEADER.format(own=OWN_PROFILE) + to_yaml(_plain(data))).encode()


def _plain(value: Any) -> Any:
    """The same in words that a profile knows: `none` where there is nothing."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return "none" if value is None else value


def _rows(data: dict[str, Any], prefix: str, loaded: LoadedProfile, rows: list[tuple[str, str]]) -> None:
    indent = "  " * prefix.count(".")
    for key, value in data.items():
        origin = str(loaded.origins.get(f"{prefix}{key}", ""))
        if isinstance(value, dict):
            rows.append((f"{indent}{key}:", ""))
            _rows(value, f"{prefix}{key}.", loaded, rows)
        elif isinstance(value, list) and value:
            rows.append((f"{indent}{key}:", origin))
            rows += [(f"{indent}  - {_item(item)}", "") for item in value]
        else:
            rows.append((f"{indent}{key}: {_scalar(value)}", origin))


def _item(item: Any) -> str:
    if not isinstance(item, dict):
        return _scalar(item)
    return "{" + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in item.items()) + "}"


def _scalar(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    if not isinstance(value, str):
        return "[]" if value == [] else str(value)
    safe = _WORD.fullmatch(value) and resolve(value) == value and value.lower() not in OTHER_YES_NO
    return value if safe else json.dumps(value, ensure_ascii=False)
