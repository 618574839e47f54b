"""Conflicts as a folder: each version of each path, and a repository in which git's own tools can end them."""

from __future__ import annotations

import os
import shlex

from project import document, merge, words
from project.failure import Failure
from project.git import Git
from project.host import Blocked, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from project.data import Change
    from project.host import Host
    from project.merge import Conflict

    Version = tuple[int, bytes]

# Git's stages 1, 2 and 3 of a conflict.
VERSIONS = ("base", "ours", "theirs")
MERGED = "merged"
# The links among the versions are files here: nothing that an agent wrote leads anywhere.
CONFIG = "[core]\n\trepositoryFormatVersion = 0\n\tbare = false\n\tsymlinks = false\n\tfileMode = false\n"
SHOWN = 5


def refuse(folder: str, project: bytes, state: str) -> None:
    """Raises Failure where the folder is there, or where an agent or the host's tools would come across it."""
    mend = "name a new folder outside of the project"
    if os.path.lexists(folder):
        raise Failure("the folder for the conflicts is there already", words.path(os.fsencode(folder)), mend, 2)
    place = os.fsencode(os.path.realpath(folder))
    for other in (os.path.realpath(project), os.path.realpath(os.fsencode(state))):
        if place.startswith(other + b"/"):
            raise Failure("the folder for the conflicts lies in the project", words.path(place), mend, 2)


def write(
    folder: str,
    conflicts: Iterable[Conflict],
    changes: Mapping[bytes, Change],
    blob: Callable[[str], bytes],
    host: Host,
) -> None:
    """Makes the folder. What cannot be written there is a Failure; the project is not touched."""
    try:
        os.mkdir(folder, 0o700)
        for name in (*VERSIONS, MERGED):
            os.mkdir(os.path.join(folder, name))
        place = os.path.join(folder, MERGED, ".git")
        git = Git.create(place)
        with open(os.path.join(place, "config"), "w", encoding="ascii") as stream:
            stream.write(CONFIG)
        stages = b"".join(_one(folder, git, each.path, changes[each.path], blob, host) for each in conflicts)
        git.run("update-index", "-z", "--index-info", stdin=stages, cwd=os.path.join(folder, MERGED))
    except OSError as error:
        why = f"{words.path(os.fsencode(folder))}: {error.strerror}"
        raise Failure("the conflicts cannot be written; nothing is changed", why, "name another folder", 2) from None


def _one(folder: str, git: Git, path: bytes, change: Change, blob: Callable[[str], bytes], host: Host) -> bytes:
    """One path's versions; gives its part of the index."""
    entries = {"base": change.old, "theirs": change.new}
    found: dict[str, Version] = {name: (entry.mode, blob(entry.oid)) for name, entry in entries.items() if entry}
    ours = _ours(path, host)
    if ours is not None:
        found["ours"] = ours
    stages = []
    for number, name in enumerate(VERSIONS, 1):
        if name in found:
            mode, content = found[name]
            _put(os.path.join(folder, name), path, content)
            oid = git.run("hash-object", "-w", "--stdin", stdin=content).strip()
            stages.append(b"%o %b %d\t%b\0" % (mode, oid, number, path))
    _put(os.path.join(folder, MERGED), path, _merged(folder, git, path, found))
    return b"".join(stages)


def _ours(path: bytes, host: Host) -> Version | None:
    try:
        now = host.look(path)
        if now is None or now.kind not in ("file", "link"):
            return None
        return merge.mode_of(now), host.content(path, now)
    except Blocked:
        return None


def _merged(folder: str, git: Git, path: bytes, found: Mapping[str, Version]) -> bytes:
    """With marks where there are two texts; else what the host has, or the one that there is."""
    sides = [found[name][1] for name in ("ours", "theirs") if name in found]
    if len(sides) < 2 or any(b"\0" in content[:8000] for _, content in found.values()):
        return sides[0] if sides else b""
    names = [os.path.join(os.fsencode(folder), name.encode(), path) for name in ("ours", "base", "theirs")]
    if "base" not in found:
        names[1] = os.fsencode(os.devnull)
    labels = ("-L", "yours", "-L", "before", "-L", "the sandbox's")
    return git.run("merge-file", "-p", "-q", "--diff3", *labels, *names, ok=range(128))


def _put(root: str, path: bytes, content: bytes) -> None:
    place = os.path.join(os.fsencode(root), path)
    try:
        os.makedirs(split(place)[0], exist_ok=True)
        with open(place, "xb") as stream:
            stream.write(content)
    except (FileExistsError, NotADirectoryError):
        # One has a file where another has a folder: both are among the versions.
        return


def told(folder: str, conflicts: Sequence[Conflict], root: bytes) -> list[str]:
    """What to do with it."""
    at = shlex.quote(words.path(os.fsencode(folder)))
    # What a link leads to, or a folder has in its place, no `cp` is for: apply would not write there either; nor what
    # is held back.
    named = [each for each in conflicts if os.fsencode(words.path(each.path)) == each.path]
    plain = [each.path for each in named if not each.held and _plain(root, each.path)]
    shown = [shlex.quote(words.path(path)) for path in plain]
    project = shlex.quote(words.path(root))
    lines = [
        f"  written to {at}: base/, ours/ (yours), theirs/ (the sandbox's), and merged/ with marks",
        f"    git -C {at}/{MERGED} mergetool    (or edit what is in {at}/{MERGED})",
    ]
    lines += [f"    cp {at}/{MERGED}/{path} {project}/{path}" for path in shown[:SHOWN]]
    lines += [f"    ... and so on, {len(shown)} in all"] if len(shown) > SHOWN else []
    apart = [each for each in conflicts if each.path not in plain][:SHOWN]
    lines += ["; ".join((f"    look at {words.path(each.path)} yourself", *held(each))) for each in apart]
    options = " ".join(f"--ours {shlex.quote(words.path(each.path))}" for each in conflicts)
    last = words.reachable(f"scripts/apply.sh {options}")
    return [*lines, f"    {last}    (what the sandbox made of it is in yours by then, and waits no longer)"]


def _plain(root: bytes, path: bytes) -> bool:
    """Whether what is written to that path of the project becomes a file there, and nowhere else."""
    place = os.path.join(os.path.realpath(root), path)
    folder = os.path.dirname(place)
    return os.path.realpath(folder) == folder and not os.path.islink(place) and not os.path.isdir(place)


def mends(conflicts: Sequence[Conflict]) -> list[str]:
    """What ends a conflict, with the first one's path."""
    path = shlex.quote(words.path(conflicts[0].path))
    apply = words.reachable("scripts/apply.sh")
    lines = [
        f"  mend: {apply} --except {path}   (all the others; it stays and waits)",
        f"        {apply} --ours {path}   (yours stays, and the sandbox's change of it waits no longer)",
    ]
    # Where there is a folder, or no way to the path, the sandbox's cannot come whole either.
    for each in [each for each in conflicts if each.whole][:1]:
        path = shlex.quote(words.path(each.path))
        also = f" --accept {path}" if each.held else ""
        lines.append(f"        {apply} --theirs {path}{also}   (the sandbox's, whole, in the place of yours)")
    return [
        *lines,
        f"        {apply} --conflicts FOLDER   (all versions, and a file with marks, in a new folder to look at)",
    ]


def held(conflict: Conflict) -> list[str]:
    """What is said of a conflict where the sandbox's version is held back, if it comes whole."""
    reasons = "; ".join(reason.reason for reason in conflict.held)
    return [f"held back, if the sandbox's comes whole: {reasons}"] if reasons else []


def document_of(conflict: Conflict) -> dict[str, Any]:
    """A conflict as `apply --json` has it."""
    reasons = [document.of_reason(reason) for reason in conflict.held]
    return {**document.named(conflict.path), "reason": conflict.why, "held": reasons, "theirs": conflict.whole}
