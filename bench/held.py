"""How much of ordinary commits a review would hold back, and by which rules: `python -m bench.held REPOSITORY...`.

Each of the last commits of a git repository on this machine is taken for what a sandbox changed, and what was there
before it for the project on the host. Where a path is held back for several reasons, each kind counts it.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "templates" / "lib"))

from project.data import Change, Entry  # noqa: E402
from project.host import Host  # noqa: E402
from project.verdict import Verdict, judge  # noqa: E402

COMMITS = 300
# What holds a path back for where it stands or what names it, and not for what it is called or becomes.
RULES = ("settings", "module", "name", "named")


class Repository:
    """A git repository, whose commits are checked out elsewhere."""

    def __init__(self, place: Path, work: Path) -> None:
        self.words = ("git", "--git-dir", str(place / ".git" if (place / ".git").is_dir() else place))
        self.work, self.index = work, work.parent / "index"
        self.blobs: dict[str, bytes] = {}

    def git(self, *words: str) -> bytes:
        """What a command of git prints."""
        place = ("-c", "core.bare=false", "--work-tree", str(self.work))
        environment = {"GIT_INDEX_FILE": str(self.index), "PATH": "/usr/local/bin:/usr/bin:/bin"}
        return subprocess.run((*self.words, *place, *words), check=True, capture_output=True, env=environment).stdout

    def commits(self) -> list[str]:
        """The last commits that have one parent, the oldest first."""
        words = ("rev-list", "--no-merges", "--min-parents=1", f"--max-count={COMMITS}", "--reverse", "HEAD")
        return self.git(*words).decode().split()

    def blob(self, oid: str) -> bytes:
        """A blob's content."""
        return self.git("cat-file", "blob", oid)

    def changes(self, commit: str) -> list[Change]:
        """What a commit changes, without submodules."""
        told = self.git("diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", f"{commit}^", commit).split(b"\0")
        return [change for words, path in zip(told[::2], told[1::2], strict=False) if (change := _change(words, path))]


def _change(words: bytes, path: bytes) -> Change | None:
    modes, oids = words.decode().lstrip(":").split()[:2], words.decode().split()[2:4]
    old, new = (Entry(int(mode, 8), oid, 0) if int(mode, 8) else None for mode, oid in zip(modes, oids, strict=True))
    return None if any(entry and entry.mode == 0o160000 for entry in (old, new)) else Change(path, old, new)


def verdicts(place: Path) -> Iterator[Verdict]:
    """The verdict on each path of each commit."""
    with tempfile.TemporaryDirectory(prefix="gen-held-") as folder:
        work = Path(folder) / "work"
        work.mkdir()
        repository = Repository(place, work)
        for commit in repository.commits():
            repository.git("read-tree", "--reset", "-u", f"{commit}^")
            with Host(str(work).encode()) as host:
                yield from judge(repository.changes(commit), repository.blob, host)


def main(places: Sequence[str]) -> int:
    """A line a repository: paths, and which share of them is held back, by all and by each kind."""
    for place in places:
        paths = held = by_name = 0
        kinds: Counter[str] = Counter()
        for verdict in verdicts(Path(place)):
            found = {reason.kind for reason in verdict.held}
            paths += 1
            held += bool(found)
            by_name += bool(found.difference(RULES))
            kinds.update(found)
        share = {kind: f"{100 * count / max(paths, 1):.1f}" for kind, count in kinds.most_common()}
        more = 100 * (held - by_name) / max(paths, 1)
        print(
            f"{place}: {paths} paths, held back {100 * held / max(paths, 1):.1f} %, of them {more:.1f} by general rules"
        )
        print("  " + ", ".join(f"{kind} {number} %" for kind, number in share.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
