"""Decides what of a project is taken into its copy: one walk, while git lists what it ignores."""

from __future__ import annotations

import os
import stat

from project import histories, ignoring, layer, limits, records, shapes
from project.failure import Failure
from project.moment import Moment
from project.repository import Question, Repository, excludes_of_user
from project.secret import LOOKED_INTO, content_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

    from project.secret import Secrets

MANIFEST = "MANIFEST.sha256"
# As `.git` does, they keep what was once removed, and passwords and programs in their settings.
HISTORIES = frozenset((b".hg", b".svn", b".jj", b".bzr", b".sl", b".pijul", b"_darcs"))


class Choice:
    """What was chosen: `taken` files and links, each with the words that tell it from a later one, `folders`, and what
    is left out, with why. `moment` is when that began; None where every file is looked at.
    """

    def __init__(self, moment: Moment | None) -> None:
        self.moment = moment
        self.taken: list[tuple[bytes, bytes]] = []
        self.folders: dict[bytes, os.stat_result] = {}
        # ignored, secret, git, elsewhere, history, special, unreadable, deep, mount, bundle.
        self.left: dict[bytes, str] = {}
        # What git keeps for itself is neither tracked nor, when it was asked for, left out.
        self.history: list[bytes] = []
        # What git ignores and was asked for is in the copy for the agent to use, and tracked no more than what is new.
        self.along: set[bytes] = set()

    def tracked(self, path: bytes) -> bool:
        """Whether what becomes of a path that was taken is looked at."""
        return not records.within(path, self.along)

    def environments(self) -> list[bytes]:
        """The virtual environments of Python in it, whose programs name the paths of this machine."""
        ending = b"/pyvenv.cfg"
        return [path[: -len(ending)] for path, _ in self.taken if path.endswith(ending)]


class Chooser:
    """One walk through a project, which is never followed out of its folder."""

    def __init__(self, root: int, project: bytes, place: str, secrets: Secrets, ignored: bool, history: bool) -> None:
        self.root, self.project, self.place = root, project, place
        self.secrets, self.take_ignored, self.take_history = secrets, ignored, history
        self.choice = Choice(Moment.now(root))
        self.excludes = ignoring.excludes(place, excludes_of_user())
        self.questions: list[Question] = []
        self.ignored: dict[bytes, str] = {}
        self.tracked: set[bytes] = set()
        self.later: list[bytes] = []
        self.deepest = limits.open_files()
        self.device = os.fstat(root).st_dev

    def choose(self) -> Choice:
        """The whole choice."""
        try:
            waiting = self._ask()
            self._walk(b"", not self.take_ignored)
            ignoring.keep(self.place, self._take_answer(*waiting))
            for folder in self.later:
                if folder not in self.ignored:
                    self._walk(folder, False)
        finally:
            for question in self.questions:
                question.close()
        self._settle()
        return self.choice

    def _settle(self) -> None:
        """Puts what git ignores and what the walk left out together."""
        choice = self.choice
        if self.take_ignored:
            found = set(self.ignored)
            choice.along = {path for path in found if not records.within(path.rpartition(b"/")[0] or b"/", found)}
            ignoring.decide(self.place, set(), choice.along)
        elif self.ignored:
            choice.taken = [taken for taken in choice.taken if taken[0] not in self.ignored]
        # What git ignores and is a secret as well is named as the secret.
        left = {**({} if self.take_ignored else self.ignored), **choice.left}
        choice.folders = {path: found for path, found in choice.folders.items() if path not in left}
        # What lies below something that is left out is out with it: git lists both of a folder that ignores itself.
        choice.left = {path: why for path, why in left.items() if path.rpartition(b"/")[0] in choice.folders}
        choice.taken.sort()

    def _ask(self) -> tuple[Question, subprocess.Popen[bytes]]:
        question = self._question(self.project, Repository.of(self.project))
        process = question.ask("-o", "-i", "--directory", "--exclude-standard")
        for folder in {path.rpartition(b"/")[0] for path in question.answer(question.ask("-c"))}:
            while folder and folder not in self.tracked:
                self.tracked.add(folder)
                folder = folder.rpartition(b"/")[0]
        return question, process

    def _question(self, folder: bytes, repository: Repository | None) -> Question:
        place = os.path.join(self.place, f"select{len(self.questions)}")
        question = Question(place, folder, repository, self.excludes)
        self.questions.append(question)
        return question

    def _take_answer(self, question: Question, process: subprocess.Popen[bytes]) -> Question:
        """Takes what git ignores; gives whom to ask about what comes later."""
        listed = question.answer(process)
        if b"./" in listed:
            # The project lies in a folder that the repository around it ignores: it is none of that repository's.
            question = self._question(self.project, None)
            listed = question.answer(question.ask("-o", "-i", "--directory", "--exclude-standard"))
        for path in question.themselves(listed) if self.take_ignored else listed:
            self.ignored[path.rstrip(b"/")] = "ignored"
        return question

    def _ask_nested(self, folder: bytes) -> None:
        """A repository in the project (a submodule, or one that nobody added): git ignores there by its own rules."""
        whole = os.path.join(self.project, folder)
        repository = Repository.of(whole, upwards=False)
        if repository is None:
            return
        question = self._question(whole, repository)
        listed = question.answer(question.ask("-o", "-i", "--directory", "--exclude-standard"))
        for path in question.themselves(listed) if self.take_ignored else listed:
            if path != b"./":
                self.ignored[folder + b"/" + path.rstrip(b"/")] = "ignored"

    def _walk(self, start: bytes, waiting: bool) -> None:
        """Takes what is below a folder. While git is still `waiting`, what it may ignore as a whole comes later."""
        here = self._start(start)
        if here is None:
            return
        stack = [(here, start + b"/" if start else b"", iter(self._folder(here, start)))]
        while stack:
            here, prefix, names = stack[-1]
            name = next(names, None)
            if name is None:
                os.close(here)
                stack.pop()
                continue
            path = prefix + name
            if path in self.ignored and not self.take_ignored:
                continue
            if waiting and path not in self.tracked:
                self.later.append(path)
                continue
            below = self._enter(here, path, name, len(stack))
            if below is not None:
                stack.append((below, path + b"/", iter(self._folder(below, path))))

    def _start(self, start: bytes) -> int | None:
        """The open folder that a walk begins in, with the same care as one that it comes to."""
        above, _, name = start.rpartition(b"/")
        try:
            here = layer.open_below(self.root, above)
        except OSError:
            return None
        if not name:
            return here
        try:
            return self._enter(here, start, name, start.count(b"/") + 1)
        finally:
            os.close(here)

    def _enter(self, here: int, path: bytes, name: bytes, depth: int) -> int | None:
        if depth >= self.deepest:
            self.choice.left[path] = "deep"
            return None
        try:
            below = os.open(name, layer.FOLDER, dir_fd=here)
        except OSError:
            self.choice.left[path] = "unreadable"
            return None
        if os.fstat(below).st_dev != self.device:
            os.close(below)
            self.choice.left[path] = "mount"
            return None
        return below

    def _folder(self, here: int, folder: bytes) -> list[bytes]:
        """Takes the files and links of one folder; gives the names of the folders in it. Of a bundle, nothing."""
        self.choice.folders[folder] = os.fstat(here)
        entries = self._entries(here, folder)
        names = [entry.name for entry in entries]
        if ".state" in names and _is(shapes.STATE, here, entries):
            self.choice.left[folder + b"/.state" if folder else b".state"] = "bundle"
            entries = [entry for entry in entries if entry.name != ".state"]
        if MANIFEST not in names or not _is(shapes.BUNDLE, here, entries):
            return self._take(here, folder, entries)
        if not folder:
            why = f"It has a {MANIFEST} and scripts of one. What an agent changes there would be run on this machine."
            raise Failure("this project is a bundle of gen; none is given to an agent", why, "name another folder", 4)
        self.choice.left[folder] = "bundle"
        return []

    def _take(self, here: int, folder: bytes, entries: list[os.DirEntry[str]]) -> list[bytes]:
        prefix = folder + b"/" if folder else b""
        choice, secrets, folders = self.choice, self.secrets, []
        hints = secrets.hints
        firsts, tails, ends, settle = hints.firsts, hints.tails, hints.ends, hints.settle
        take, words = choice.taken.append, _by_status if choice.moment is None else _by_inode
        for entry in entries:
            name = os.fsencode(entry.name)
            path, low = prefix + name, name.lower()
            # Most are files of no suspicious name, and an entry spends its time on them: Hints.settle, mostly in place.
            plain = low[:2] not in firsts and low.rpartition(b".")[2] not in tails and not low.endswith(ends)
            if (plain or settle(low)) and entry.is_file(follow_symlinks=False):
                try:
                    take((path, words(entry)))
                except OSError:
                    continue
            elif low == b".git":
                self._git(path, folder)
            elif entry.is_dir(follow_symlinks=False):
                if low in HISTORIES and not self.take_history:
                    choice.left[path] = "history"
                elif secrets.is_secret(path, name, folder=True):
                    choice.left[path] = "secret"
                else:
                    folders.append(name)
            elif secrets.is_secret(path, name) and not secrets.is_public(path, name, here):
                choice.left[path] = "secret"
            elif (found := self._file(here, path, name, entry)) is not None:
                take((path, records.stat_words(found)))
        return folders

    def _file(self, here: int, path: bytes, name: bytes, entry: os.DirEntry[str]) -> os.stat_result | None:
        """The status of what is taken; otherwise it is left out here, or gone."""
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            return None
        kind = stat.S_IFMT(found.st_mode)
        if kind != stat.S_IFREG and kind != stat.S_IFLNK:
            # A socket of the host's could be connected to through an overlay.
            self.choice.left[path] = "special"
            return None
        looked = self.secrets.is_suspect(path, name, found.st_size)
        if looked and self.secrets.tells(path, name, content_at(here, name, LOOKED_INTO)):
            self.choice.left[path] = "secret"
            return None
        return found

    def _git(self, path: bytes, folder: bytes) -> None:
        if not self.take_history:
            self.choice.left[path] = "git"
        elif histories.elsewhere(self.project, path):
            self.choice.left[path] = "elsewhere"
        else:
            self.choice.history.append(path)
        if folder and path.endswith(b".git"):
            self._ask_nested(folder)

    def _entries(self, here: int, folder: bytes) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(here) as entries:
                return list(entries)
        except OSError:
            self.choice.left[folder] = "unreadable"
            return []


def _is(shape: shapes.Shape, here: int, entries: list[os.DirEntry[str]]) -> bool:
    """Whether an open folder with these entries has a shape."""

    def names(below: str) -> list[bytes] | None:
        if not below:
            return [os.fsencode(entry.name) for entry in entries]
        found = [entry for entry in entries if entry.name.lower() == below]
        if any(entry.is_symlink() for entry in found):
            return None
        return [os.fsencode(name) for entry in found for name in _listed(here, entry.name)]

    return shapes.has(shape, names)


def _listed(here: int, name: str) -> list[str]:
    try:
        folder = os.open(name, layer.FOLDER, dir_fd=here)
    except OSError:
        return []
    try:
        return os.listdir(folder)
    finally:
        os.close(folder)


def _by_status(entry: os.DirEntry[str]) -> bytes:
    return records.stat_words(entry.stat(follow_symlinks=False))


def _by_inode(entry: os.DirEntry[str]) -> bytes:
    return records.inode_words(entry.inode())
