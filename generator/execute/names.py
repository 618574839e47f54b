"""The few words that a runner's own records hold, as patterns: what is none of them is no record of ours.

Structure is made of such words only, never of text: so nothing that a record, a file name or a line holds can stand
where somebody looks for what gen says itself.
"""

from __future__ import annotations

import re

_RUN = re.compile(r"[0-9A-Za-z]{1,40}-[0-9]{1,10}")
_STEP = re.compile(r"[0-9]{2}-[a-z0-9-]{1,60}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_HASH = re.compile(r"[0-9a-f]{64}")
_SANDBOX = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_WORD = re.compile(r"[a-z][a-z-]{0,19}")


def is_run(text: object) -> bool:
    """The id of a run: 20261122T031000Z-4711."""
    return isinstance(text, str) and _RUN.fullmatch(text) is not None


def is_step(text: object) -> bool:
    """The name of a step's folder, or of a check's file: 40-image."""
    return isinstance(text, str) and _STEP.fullmatch(text) is not None


def is_time(text: object) -> bool:
    """A time in UTC, to the second."""
    return isinstance(text, str) and _TIME.fullmatch(text) is not None


def is_hash(text: object) -> bool:
    """A SHA-256 in hexadecimal digits."""
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def is_sandbox(text: object) -> bool:
    """The name of a sandbox."""
    return isinstance(text, str) and _SANDBOX.fullmatch(text) is not None


def is_word(text: object) -> bool:
    """One short word of the runner's own, such as a result, a state or the name of an event."""
    return isinstance(text, str) and _WORD.fullmatch(text) is not None
