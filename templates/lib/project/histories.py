"""A project's `.git`, for a copy that takes it: whether it is whole, and for a linked worktree one of its own."""

from __future__ import annotations

import os
import re
import stat

from project import making
from project.layer import FOLDER, Walk, open_below
from project.repository import Repository, content

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What worktrees share (gitrepository-layout(5), git-worktree(1)); the rest of a git folder is each worktree's own.
# No hooks: they name programs of this host.
SHARED = re.compile(
    rb"(?:objects|packed-refs|shallow|info(?!/sparse-checkout)|lfs|svn|rr-cache|remotes|branches"
    rb"|(?:logs/)?refs(?!/(?:bisect|worktree|rewritten)(?:/|$))|logs(?:/refs)?$)(?:/|$)"
)
# What ties a worktree to the repository that it is one of.
TIES = (b"commondir", b"gitdir", b"locked")


def elsewhere(project: bytes, path: bytes) -> bool:
    """Whether a `.git` needs what does not come with the project, so that git would not work on it in a copy."""
    place = os.path.join(project, path)
    try:
        found = os.lstat(place)
    except OSError:
        return False
    if stat.S_ISDIR(found.st_mode):
        return _borrows(place) or os.path.lexists(os.path.join(place, b"commondir"))
    if linked(project, path) is not None:
        return False
    text = os.readlink(place) if stat.S_ISLNK(found.st_mode) else content(place, 8192)
    leads = text.rstrip(b"\r\n").removeprefix(b"gitdir: ")
    inside = os.path.realpath(os.path.join(os.path.dirname(place), leads))
    return os.path.isabs(leads) or not inside.startswith(os.path.realpath(project) + b"/") or _borrows(inside)


def linked(project: bytes, path: bytes) -> Repository | None:
    """The repository of which a project is a linked worktree, if that knows of it too: a file may say anything."""
    place = os.path.join(project, path)
    if path != b".git" or os.path.islink(place) or not os.path.isfile(place):
        return None
    repository = Repository.of(project, upwards=False)
    if repository is None:
        return None
    common, own = os.path.realpath(repository.common), os.path.realpath(repository.gitdir)
    back = os.path.join(own, content(os.path.join(own, b"gitdir"), 8192).rstrip(b"\r\n"))
    if os.path.dirname(own) != os.path.join(common, b"worktrees") or os.path.realpath(back) != os.path.realpath(place):
        return None
    # Where the refs are not files, those of a worktree and the shared ones do not make one folder.
    separate = re.search(rb"(?im)^[ \t]*refstorage[ \t]*=", content(os.path.join(common, b"config"), 1 << 20))
    return None if separate or _borrows(common) else repository


def _borrows(git: bytes) -> bool:
    """Whether objects of it lie in another repository."""
    return content(os.path.join(git, b"objects/info/alternates"), 1 << 20).strip() != b""


def copy(root: int, project: bytes, path: bytes, maker: making.Maker, owner: tuple[int, int]) -> None:
    """Copies a `.git`, whatever is in it: the agent may look at it, and it is neither tracked nor ever brought back."""
    repository = linked(project, path)
    if repository is not None:
        make_own(repository, path, maker, owner)
        return
    above, _, name = path.rpartition(b"/")
    source = open_below(root, above)
    try:
        found = os.stat(name, dir_fd=source, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            making.copy_file(source, name, maker.folder(above), *owner)
            return
        inner = os.open(name, FOLDER, dir_fd=source)
    finally:
        os.close(source)
    _copy_below(inner, path, maker, owner, lambda _: True)


def make_own(repository: Repository, path: bytes, maker: making.Maker, owner: tuple[int, int]) -> None:
    """A git folder from a worktree's own files and what it shares with others; the repository itself is read only."""
    _copy_below(os.open(repository.gitdir, FOLDER), path, maker, owner, lambda name: name not in TIES)
    _copy_below(os.open(repository.common, FOLDER), path, maker, owner, lambda name: SHARED.match(name) is not None)
    settings = content(os.path.join(repository.common, b"config"), 1 << 20)
    # A later word counts. The repository may be a bare one, or name a folder that is not the copy's.
    settings += b"\n[core]\n\tbare = false\n" + (b"\tworktree = ..\n" if b"worktree" in settings.lower() else b"")
    writing = os.open(b"config", making.NEW, 0o644, dir_fd=maker.folder(path))
    with os.fdopen(writing, "wb") as stream:
        making.give(writing, *owner)
        stream.write(settings)


def _copy_below(
    folder: int, path: bytes, maker: making.Maker, owner: tuple[int, int], wanted: Callable[[bytes], bool]
) -> None:
    """The files below a folder whose paths in it are wanted, and the folders that they are in; what is there stays."""
    try:
        os.fchmod(maker.folder(path), 0o755)
        for here, prefix, name, found in Walk(folder):
            if not wanted(prefix + name):
                continue
            if stat.S_ISDIR(found.st_mode):
                os.fchmod(maker.folder(path + b"/" + prefix + name), 0o755)
            elif stat.S_ISREG(found.st_mode):
                target = maker.folder(path + b"/" + prefix[:-1] if prefix else path)
                try:
                    making.copy_file(here, name, target, *owner)
                except FileExistsError:
                    continue
    finally:
        os.close(folder)
