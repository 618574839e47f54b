"""Where a symbolic link leads, by every link that stands there now or is about to."""

from __future__ import annotations

from project import spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Parts = tuple[bytes, ...]
    State = tuple[Parts, Parts]

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
