"""The texts that are read for what they name: which files these are, and of what kind."""

from __future__ import annotations

from dataclasses import dataclass

from project import packages, risky, spelling
from project.risky import Reason
from project.texts import LOADING, WHOLE
from project.wanted import STORES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


PACKAGE = Reason("package", "an installation runs it")


@dataclass(frozen=True)
class Source:
    """A text that is read for what it names: a file's own, or one that git keeps."""

    path: bytes
    kind: str
    said: str
    text: bytes | None = None
    # What leads there lists what it is about as well, such as a project's own code.
    about: bool = False


class Kinds:
    """Of which kind a file is that says what is run or read; a folder's kind is that of all in it."""

    def __init__(self) -> None:
        self.folders: dict[bytes, tuple[bool, Reason | None]] = {}

    def of(self, path: bytes) -> Reason | None:
        """Kind and reason; None where it says no such thing, or belongs to an installed package."""
        folder, _, name = path.rpartition(b"/")
        if folder not in self.folders:
            self.folders[folder] = self._of_folder(folder)
        inside, reason = self.folders[folder]
        if not inside:
            return None
        folded = spelling.folded(name)
        place = f"{spelling.folded(folder.rpartition(b'/')[2])}/{folded}"
        if folded == packages.NAME:
            return PACKAGE
        return reason or _steers((*risky.of_component(folded), *risky.of_place(place)))

    def _of_folder(self, folder: bytes) -> tuple[bool, Reason | None]:
        """Whether what is in a folder counts, and of which kind all of it is."""
        parts = frozenset(spelling.components(folder))
        # GitHub's has forms and lists of owners as well.
        form = ".github" in parts and parts.isdisjoint(("workflows", "actions"))
        return parts.isdisjoint(STORES) and not form, _steers(risky.of_folder(folder) if folder else ())


def _steers(reasons: Iterable[Reason]) -> Reason | None:
    return next((reason for reason in reasons if reason.kind in WHOLE | LOADING), None) if reasons else None
