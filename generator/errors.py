"""Errors that a person can act on, and the exit codes that every command of `gen` and of a bundle shares."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. The same numbers are used by `gen` and by the scripts of a bundle."""

    DONE = 0
    FAILED_ROLLED_BACK = 1
    USAGE = 2
    FAILED_RESIDUE = 3
    REFUSED = 4


class GenError(Exception):
    """Something that could not be done.

    `brief` says what could not be done, `details` why (it may have many lines), `resolution` what mends it
    (a command where there is one). `exit_code` is what the process ends with.
    """

    def __init__(
        self,
        brief: str,
        *,
        details: str | None = None,
        resolution: str | None = None,
        exit_code: int = ExitCode.FAILED_ROLLED_BACK,
    ) -> None:
        super().__init__(brief)
        self.brief = brief
        self.details = details
        self.resolution = resolution
        self.exit_code = int(exit_code)

    def __str__(self) -> str:
        """All that is known, a part a line: what, why, the mend."""
        return "\n".join(part for part in (self.brief, self.details, self.resolution) if part)
