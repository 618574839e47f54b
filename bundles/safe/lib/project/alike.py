"""Which of many texts has its half, or more, in another one: by lines, and parts of long ones, as git finds renames."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PART = re.compile(rb"[^\n]{0,63}\n|[^\n]{1,64}")


class Alike:
    """Texts that are compared with others, by their numbers in the order in which they are given."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        self.sizes: list[int] = []
        self.having: dict[bytes, list[int]] = {}
        for number, text in enumerate(texts):
            parts = set(PART.findall(text))
            self.sizes.append(sum(map(len, parts)))
            for part in parts:
                self.having.setdefault(part, []).append(number)

    def within(self, text: bytes) -> list[int]:
        """The texts of which this one has at least the half."""
        common: dict[int, int] = {}
        for part in set(PART.findall(text)) if self.having else ():
            for number in self.having.get(part, ()):
                common[number] = common.get(number, 0) + len(part)
        return sorted(number for number, size in common.items() if size * 2 >= self.sizes[number])
