"""The keys that a profile may have, as a tree that is read off its model."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel

from generator.profile_model import Profile

Keys = dict[str, Any]


@cache
def known_keys(model: type[BaseModel] = Profile) -> Keys:
    """The keys of a model: below each, the keys of the mapping, or of the mappings in the list, that stands there."""
    keys: Keys = {}
    for name, info in model.model_fields.items():
        kinds = (info.annotation, *getattr(info.annotation, "__args__", ()))
        below = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        keys[name] = known_keys(below[0]) if below else None
    return keys
