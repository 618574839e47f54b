"""The one error of the tool, and its exit codes (those of the whole bundle)."""

from __future__ import annotations

FAILED, USAGE, REFUSED = 1, 2, 4


class Failure(Exception):
    """What could not be done, why, and the command that mends it; `code` is the exit code.

    `others` is what the guest said, which is none of our words.
    """

    def __init__(self, what: str, why: str = "", mend: str = "", code: int = FAILED, others: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.mend, self.code, self.others = what, why, mend, code, others
