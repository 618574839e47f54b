"""Shapes: names that are harmless each by itself, and together make of their folder something that is run.

Parts of one may come in several applies, and the host may have some of them already, so a shape is looked for in the
tree that results: whoever brings the last part finds all of it held back. Names are compared folded (spelling.py), and
whatever bears one counts, be it a file, a folder or a link.
"""

from __future__ import annotations

from dataclasses import dataclass

from project import spelling
from project.risky import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from project.data import Change
    from project.tree import Folders, Names, Tree


@dataclass(frozen=True)
class Shape:
    """A folder has it where each of `needs` is met by one of its names; `a/b` is met where `a` is a link, too.

    It covers all in the folder, or what `part` names there. `never`: nobody's yes brings anything of it back.
    """

    reason: Reason
    needs: tuple[tuple[str, ...], ...]
    part: str = ""
    never: bool = False


def _needs(*words: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(word.split()) for word in words)


BARE = Shape(
    Reason("bare-repository", "git takes the folder for a repository and runs what its config names"),
    # is_git_directory() in git's setup.c; with `commondir` it looks for the other two elsewhere.
    _needs("head", "objects commondir", "refs commondir"),
)
BUNDLE = Shape(
    Reason("bundle", "the folder is, or would be, a bundle of gen, whose scripts run on this machine"),
    _needs(
        "manifest.sha256",
        "plan.json rollback.sh test-setup.sh lib/runner.sh lib/common.sh steps/10-preflight scripts/start.sh "
        "scripts/stop.sh scripts/status.sh scripts/plan.sh scripts/connect.sh scripts/exec.sh scripts/recover.sh "
        "scripts/backup.sh scripts/restore.sh scripts/review.sh scripts/apply.sh scripts/undo.sh scripts/diff.sh "
        "scripts/changes.sh scripts/discard.sh scripts/resize-volume.sh scripts/mount-storage.sh scripts/ps.sh "
        "scripts/logs.sh scripts/kill.sh scripts/prune.sh scripts/rescue.sh",
    ),
    never=True,
)
# Alone it makes no bundle, and all beside it may be the project's own; but whoever looks for bundles looks for it.
MANIFEST = Shape(
    Reason("bundle", "a file of this name is what a bundle of gen is known by"),
    _needs("manifest.sha256"),
    part="manifest.sha256",
    never=True,
)
STATE = Shape(
    Reason("bundle", "a bundle of gen keeps its journal there, and acts on what it says"),
    _needs(
        ".state/aside .state/attached .state/audit.jsonl .state/base-images .state/build .state/build-work "
        ".state/child .state/commands .state/fingerprint.after .state/frozen .state/frozen.lock .state/home "
        ".state/instance .state/journal.checked .state/journal.jsonl .state/ledger .state/lock "
        ".state/log.answers .state/log.pipe .state/logs .state/microvm .state/mirror .state/names "
        ".state/owned .state/prior .state/project .state/resized .state/token .state/tool .state/work"
    ),
    part=".state",
    never=True,
)
SHAPES: tuple[Shape, ...] = (
    BARE,
    BUNDLE,
    MANIFEST,
    STATE,
    Shape(
        Reason("bundle", "a bundle of gen that is written into this folder would take it for settings of yours"),
        _needs("local/env local/project local/compose.override.yaml"),
        part="local",
    ),
    Shape(
        Reason("environment", "editors and shells run the interpreter and the scripts of this Python environment"),
        _needs("pyvenv.cfg conda-meta"),
    ),
    Shape(
        Reason("build", "Gradle compiles and runs it before any task, and editors do when they open the project"),
        _needs("buildsrc", "settings.gradle settings.gradle.kts build.gradle build.gradle.kts gradlew"),
        part="buildsrc",
    ),
    Shape(
        Reason("build", "sbt compiles and runs it before any task, and editors do when they open the project"),
        _needs("project", "build.sbt project/build.properties project/plugins.sbt"),
        part="project",
    ),
    Shape(
        Reason("packages", "Composer's loader, which analysers in editors run as soon as they look at the project"),
        _needs("vendor/autoload.php vendor/composer"),
        part="vendor",
    ),
    Shape(
        Reason("packages", "Bundler loads these gems in place of installed ones"),
        _needs("vendor/bundle"),
        part="vendor",
    ),
    Shape(
        Reason("tool", "CVS takes the folder for its own, and connects to what it names"),
        _needs("cvs/root", "cvs/entries"),
    ),
)


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back: what lies in a shape that an explicit yes may bring."""
    return _covered(changes, tree, [shape for shape in SHAPES if not shape.never])


def never(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Never: what lies in a shape that no yes may bring."""
    return _covered(changes, tree, [shape for shape in SHAPES if shape.never])


def has(shape: Shape, names: Names) -> bool:
    """Whether a folder has a shape. `names` gives those in it (""), or below it by a folder's name: None for a link."""
    here = {spelling.folded(name) for name in names("") or ()}
    return all(any(_met(name, here, names) for name in each) for each in shape.needs)


def _met(name: str, here: set[str], names: Names) -> bool:
    first, _, second = name.partition("/")
    if first not in here or not second:
        return first in here
    below = names(first)
    return below is None or second in map(spelling.folded, below)


def _covered(changes: Sequence[Change], tree: Tree, shapes: Sequence[Shape]) -> dict[bytes, list[Reason]]:
    known = Known(tree.folders, shapes)
    found = ((change.path, known.covering(change.path)) for change in changes)
    return {path: reasons for path, reasons in found if reasons}


class Known:
    """The shapes of each folder, looked for once."""

    def __init__(self, folders: Folders, shapes: Sequence[Shape] = SHAPES) -> None:
        self.shapes, self.folders = shapes, folders
        self.first = {name.partition("/")[0] for shape in shapes for each in shape.needs for name in each}
        self.found: dict[str, tuple[Shape, ...]] = {}

    def of(self, folder: str) -> tuple[Shape, ...]:
        """Those of a folder, by its folded path."""
        if folder not in self.found:
            self.found[folder] = ()
            # Most folders have none of these names, and are done with.
            if not self.first.isdisjoint(self.folders.index(folder)):
                names = self.folders.below(folder)
                self.found[folder] = tuple(shape for shape in self.shapes if has(shape, names))
        return self.found[folder]

    def covering(self, path: bytes) -> list[Reason]:
        """What the shapes are that a path lies in."""
        parts = spelling.components(path)
        found = [
            shape.reason
            for depth in range(len(parts))
            for shape in self.of("/".join(parts[:depth]))
            if not shape.part or parts[depth] == shape.part
        ]
        return list(dict.fromkeys(found))
