"""What the copy was made without, since it may hold a secret: a link to that gives it another name on the host."""

from __future__ import annotations

import json
import os
import re

from project import records, spelling
from project.secret import Secrets
from project.secret_table import SECRETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Withheld:
    """The secrets among what was left out, whether `.gitignore` names them or not, and what is called like one."""

    def __init__(self, left: Iterable[bytes] = (), more: Iterable[str] = ()) -> None:
        self.names = Secrets(more)
        self.paths = frozenset(map(_key, left))
        self.above = {key[: at.start()] for key in self.paths for at in re.finditer("/|^", key)}

    @classmethod
    def of(cls, state: str) -> Withheld:
        """That of a copy."""
        content = records.read(os.path.join(state, "left-out.json"))
        told = json.loads(content) if content else {"left_out": [], "secrets": []}
        more = set(told["secrets"]) - set(SECRETS)
        names = cls((), more)
        left = ((each["path"].encode("utf-8", "surrogateescape"), each["why"]) for each in told["left_out"])
        return cls((path for path, why in left if why == "secret" or names.called(path)), more)

    def called(self, path: bytes) -> bool:
        """Whether a file or a folder on the way to a path is called like a secret."""
        parts = path.split(b"/")
        ways = [b"/".join(parts[: end + 1]) for end in range(len(parts))]
        folders = (self.names.is_secret(way, part, folder=True) for way, part in zip(ways, parts))
        return self.names.is_secret(path, parts[-1]) or any(folders)

    def meets(self, path: bytes) -> bool:
        """Whether a path of the project is one of these, lies in one, or is a folder that has one."""
        key = _key(path)
        if key in self.above or self.called(path):
            return True
        return any(key[: at.start()] in self.paths for at in re.finditer("/|$", key))


def _key(path: bytes) -> str:
    return "/".join(spelling.components(path)) if path else ""
