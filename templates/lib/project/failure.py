"""The one error that a user sees. Apart from data.py, since a commit a command must start fast: no dataclasses here."""

from __future__ import annotations


class Failure(Exception):
    """What could not be done, why, and the command that mends it; `code` is the exit code of DESIGN.md (1 to 4)."""

    def __init__(self, what: str, why: str = "", mend: str = "", code: int = 1) -> None:
        super().__init__(what)
        self.what, self.why, self.mend, self.code = what, why, mend, code


def reason(error: OSError) -> str:
    """What the system says, and of which file."""
    from project import words

    name = error.filename
    path = words.path(name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name) if name else ""
    return ": ".join(part for part in (path, error.strerror or str(error)) if part)
