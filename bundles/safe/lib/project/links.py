"""Where a symbolic link leads, by every link that stands there now or is about to."""

from __future__ import annotations

import os

from project import spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Parts = tuple[bytes, ...]
    State = tuple[Parts, Parts]
    Targets = Callable[[bytes], Iterable[bytes]]

# More ways than any honest project has; past that a link counts as one that leaves.
WAYS = 512
LONGEST = 4095


def leaves(path: bytes, target: bytes, targets_at: Callable[[bytes], Iterable[bytes]]) -> bool:
    """Whether a link at `path` can lead out of the project, or into a .git folder.

    `targets_at` gives every target that a link at a path has, or will have: each is followed, whichever comes true.
    A path's own `..` is taken where the folder is really, not by its text.
    """
    todo = [_state(tuple(path.split(b"/")[:-1]), target)]
    known: set[State | None] = set()
    while todo:
        state = todo.pop()
        if state is None or len(known) > WAYS:
            return True
        if state in known or not state[1]:
            continue
        known.add(state)
        at, (name, *rest) = state
        if name == b"..":
            todo.append((at[:-1], tuple(rest)) if at else None)
        elif name in (b"", b"."):
            todo.append((at, tuple(rest)))
        elif spelling.is_git(spelling.folded(name)):
            return True
        else:
            todo.append(((*at, name), tuple(rest)))
            todo += [_state(at, other, rest) for other in targets_at(b"/".join((*at, name)))]
    return False


def _state(at: Parts, target: bytes, rest: Sequence[bytes] = ()) -> State | None:
    """Where one is, and what is still to walk; None where that is outside."""
    fits = target and len(target) <= LONGEST and not target.startswith(b"/") and b"\0" not in target
    return (at, (*target.split(b"/"), *rest)) if fits else None


def read(path: bytes) -> bytes | None:
    """A link's target; None where there is none."""
    try:
        return os.readlink(path)
    except OSError:
        return None


class Paths:
    """Where paths lead that the project's owner wrote: anywhere on this machine, and into the project again."""

    def __init__(self, root: bytes, targets_at: Targets) -> None:
        self.root, self.targets_at = parts_of(root), targets_at
        found = os.stat(root)
        self.same = (found.st_dev, found.st_ino)
        self.elsewhere: dict[Parts, tuple[bytes | None, bool]] = {}

    def reached(self, base: bytes, path: bytes) -> list[bytes]:
        """The project's paths that a path leads to, from a folder: each link on the way, and the end of each way.

        The empty one is the whole project, also where there are more ways than are followed.
        """
        todo = [_start(parts_of(base), path)]
        known: set[State] = set()
        found: dict[bytes, None] = {}
        while todo:
            state = todo.pop()
            if len(known) > WAYS:
                return [b""]
            if state in known:
                continue
            known.add(state)
            at, rest = state
            if not rest:
                self._note(found, at)
                continue
            name, rest = rest[0], rest[1:]
            if name == b"..":
                todo.append((at[:-1], rest))
            elif name in (b"", b"."):
                todo.append((at, rest))
            else:
                at, targets = self._step((*at, name))
                if targets:
                    self._note(found, at)
                todo += [(at, rest), *(_start(at[:-1], target, rest) for target in targets)]
        return list(found)

    def _step(self, at: Parts) -> tuple[Parts, list[bytes]]:
        """Where one is after a step, which may be the project by another way, and the links that stand there."""
        inside = self._inside(at)
        if inside is not None:
            return at, list(self.targets_at(inside)) if inside else []
        if at not in self.elsewhere:
            path = b"/" + b"/".join(at)
            target = read(path)
            self.elsewhere[at] = (target, target is None and self._is_root(path))
        target, is_root = self.elsewhere[at]
        return self.root if is_root else at, [] if target is None else [target]

    def _is_root(self, path: bytes) -> bool:
        # A mount may show the project under another name.
        try:
            found = os.stat(path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self.same

    def _inside(self, at: Parts) -> bytes | None:
        depth = len(self.root)
        return b"/".join(at[depth:]) if at[:depth] == self.root else None

    def _note(self, found: dict[bytes, None], at: Parts) -> None:
        inside = self._inside(at)
        if inside is not None:
            found[inside] = None


def parts_of(path: bytes) -> Parts:
    """The steps of an absolute path."""
    return tuple(part for part in path.split(b"/") if part)


def _start(at: Parts, path: bytes, rest: Sequence[bytes] = ()) -> State:
    return (() if path.startswith(b"/") else at, (*path.split(b"/"), *rest))
