"""What the agent makes and the project's own .gitignore names: left alone, and noted once for each folder.

The rules are those of the host's project as they are now: what the agent writes into a .gitignore counts when it was
brought back, and of what they no longer name all is seen that nobody has tracked.
What it names and was taken along (project.ignored) is for the agent to use: that is left alone from the entry on.
What tools drop wherever they work is left alone as well, where the project neither tracks it nor says otherwise.
"""

from __future__ import annotations

import os
import shutil

from project import records
from project.failure import Failure
from project.git import Git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from project.repository import Question
    from project.seen import Versions

FOLDER = "ignore.git"
DECIDED = "ignored.list"
ALONG = b"along"
# One answer takes a thousandth of it. A .gitignore of the host's may be something that cannot be read at all.
SECONDS = 10
# A longer path is none that git could open: about one of those it gives no answer at all.
LONGEST = 4000
# As .gitignore has them. Compiled code is among it: it never comes to the host, so that none of it runs there unseen.
DROPPINGS = """
__pycache__/ .pytest_cache/ .mypy_cache/ .ruff_cache/ .hypothesis/ .ipynb_checkpoints/ **/node_modules/.cache/
.parcel-cache/ .nyc_output/ .coverage .coverage.* .eslintcache .stylelintcache .phpunit.result.cache .DS_Store
"""


def excludes(state: str, users: str) -> str:
    """Writes down what is left alone everywhere: droppings, and the user's own list, which has the last word."""
    place = os.path.join(state, FOLDER)
    os.makedirs(place)
    with open(users, "rb") as stream:
        content = stream.read()
    path = os.path.join(place, "excludes")
    with open(path, "wb") as stream:
        stream.write("\n".join([*DROPPINGS.split(), ""]).encode("ascii") + content)
    return path


def keep(state: str, question: Question) -> None:
    """Keeps the git folder that entry asked its question in, without the index: what is new is not in one."""
    place = os.path.join(state, FOLDER)
    for name in ("info", "objects", "refs"):
        os.mkdir(os.path.join(place, name))
    top = question.git.environment["GIT_WORK_TREE"]
    with open(os.path.join(place, "top"), "wb") as stream:
        stream.write(os.fsencode(top))
    with open(os.path.join(place, "config"), "w", encoding="ascii") as text:
        text.write("[core]\n\trepositoryFormatVersion = 0\n\tbare = false\n")
    shutil.copyfile(os.path.join(question.place, "HEAD"), os.path.join(place, "HEAD"))
    exclude = os.path.join(question.place, "info", "exclude")
    if os.path.exists(exclude):
        shutil.copyfile(exclude, os.path.join(place, "info", "exclude"))


def decide(state: str, paths: set[bytes], along: set[bytes], rules: bytes = b"") -> None:
    """Writes down what is left alone: `paths` as long as these are the rules, and `along`, which came so with the
    entry, whatever git says of it later."""
    found = ((path, ALONG if path in along else b"") for path in sorted(paths | along))
    records.write(os.path.join(state, DECIDED), records.join(found, rules))


class Ignoring:
    """Asks git about what is new. One process for a commit, and none where nothing is new."""

    def __init__(self, state: str, project: bytes, base: records.Records, known: Versions) -> None:
        self.state, self.project, self.base, self.known = state, project, base, known
        self.place = os.path.join(state, FOLDER)
        self.asking = os.path.isdir(self.place)
        self.decided: set[bytes] = set()
        # What was taken along though it is ignored: named by the entry, and not by each commit.
        self.along: set[bytes] = set()
        # Folders with something in them that was tracked, once that is asked for.
        self.holding: set[bytes] | None = None
        self.process = 0
        self.links: dict[bytes, bool] = {}
        # The words of each `.gitignore` that had a say, of before it was asked.
        self.lists: dict[bytes, bytes] = {}
        if self.asking:
            self._load()
        self.before = self.decided.copy()

    def _load(self) -> None:
        """What was decided before: once one of the lists has changed, git is asked again."""
        try:
            rules, found = records.split(records.read(os.path.join(self.state, DECIDED)))
        except ValueError:
            return
        self.along = {path for path, words in found if words == ALONG}
        self.decided = {path for path, _ in found}
        if rules != self._rules():
            self.decided = self.along.copy()

    def _rules(self) -> bytes:
        """What tells the lists that decided from later ones."""
        import hashlib

        found = sorted({list_ for path in self.decided - self.along for list_ in self._read(path)})
        digest = hashlib.sha1(b"\0".join((*found, *map(self.lists.__getitem__, found))), usedforsecurity=False)
        return digest.hexdigest().encode()

    def _read(self, path: bytes) -> list[bytes]:
        """The lists that have a say in a path, which are looked at now if they were not before."""
        found = [os.path.join(folder, b".gitignore") for folder in (b"", *records.parents(path))]
        for each in found:
            if each not in self.lists:
                try:
                    self.lists[each] = records.stat_words(os.lstat(os.path.join(self.project, each)))
                except OSError:
                    self.lists[each] = b""
        return found

    def ignores(self, path: bytes, folder: bool) -> bool:
        """Whether something is new and named by a .gitignore. What was ever tracked stays so."""
        if path in self.decided or records.within(path, self.along):
            return True
        if not self.asking or len(path) > LONGEST or path in self.known or self.base.find(path) is not None:
            return False
        if folder and (next(self.base.below(path), None) is not None or self._holds(path)):
            return False
        if any(self._is_link(above) for above in records.parents(path)):
            # Of what lies beyond a link of the host's git gives no answer, but ends.
            return False
        self._read(path)
        if self._ask(path + b"/" if folder else path):
            self.decided.add(path)
            return True
        return False

    def _holds(self, folder: bytes) -> bool:
        """Whether something in a folder was ever tracked."""
        if self.holding is None:
            self.holding = {above for path in self.known for above in records.parents(path)}
        return folder in self.holding

    def _is_link(self, folder: bytes) -> bool:
        """Whether a link of the host's stands where the sandbox has a folder."""
        if folder not in self.links:
            self.links[folder] = os.path.islink(os.path.join(self.project, folder))
        return self.links[folder]

    def close(self) -> None:
        """Ends git, and keeps the answers for the next commit."""
        if self.process:
            for end in self.ends:
                os.close(end)
            os.kill(self.process, 9)
            os.waitpid(self.process, 0)
            self.process = 0
        if self.decided != self.before:
            decide(self.state, self.decided, self.along, self._rules())

    def _ask(self, path: bytes) -> bool:
        try:
            if not self.process:
                top = os.fsdecode(records.read(os.path.join(self.place, "top")))
                git = Git(self.place, GIT_WORK_TREE=top)
                excludes = f"core.excludesFile={self.place}/excludes"
                words = ("check-ignore", "--no-index", "--stdin", "--verbose", "--non-matching", "-z")
                self.process, *self.ends = git.start(
                    "--no-literal-pathspecs", "-c", excludes, "-C", self.project, *words
                )
            # A path that begins with a colon would mean something else.
            os.write(self.ends[0], b"./" + path + b"\0")
            pattern = self._answer().split(b"\0")[2]
        except (OSError, Failure, IndexError):
            # It ended: then all is tracked.
            self.asking = False
            return False
        return bool(pattern) and not pattern.startswith(b"!")

    def _answer(self) -> bytes:
        from select import select

        parts = b""
        while parts.count(b"\0") < 4:
            if not select([self.ends[1]], [], [], SECONDS)[0]:
                raise OSError("git does not answer")
            part = os.read(self.ends[1], 65536)
            if not part:
                raise OSError("git has ended")
            parts += part
        return parts
