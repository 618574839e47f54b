"""The only place that starts git: nobody's configuration but ours counts, and no hooks."""

from __future__ import annotations

import os

from project.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Longest that one git process may take. It reads files that the project's owner can write, so it may meet anything.
SECONDS = 600
# What a name may be is our question, not git's; what is imported is never checked out by git.
SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.protectHFS=false",
    "core.protectNTFS=false",
    "core.quotePath=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.compression=1",
    "fastimport.unpackLimit=0",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
)


def environment() -> dict[str, str]:
    """Where git looks for things, with every place of the user's shut."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "XDG_CONFIG_HOME": "/nonexistent",
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_PAGER": "cat",
        "GIT_CEILING_DIRECTORIES": "/",
    }


class Git:
    """One repository without a work tree, and how to ask git about it."""

    def __init__(self, repo: str | os.PathLike[str], **variables: str) -> None:
        self.repo = os.path.abspath(os.fspath(repo))
        self.environment = {**environment(), "GIT_DIR": self.repo, **variables}

    @classmethod
    def create(cls, repo: str) -> Git:
        """A new repository, made by hand: git's own way costs more than the rest of an entry."""
        for name in ("objects/info", "objects/pack", "refs/heads"):
            os.makedirs(os.path.join(repo, name))
        config = "[core]\n\trepositoryFormatVersion = 0\n\tbare = true\n"
        for name, text in (("config", config), ("HEAD", "ref: refs/heads/sandbox\n")):
            with open(os.path.join(repo, name), "w", encoding="ascii") as stream:
                stream.write(text)
        return cls(repo)

    def words(self, *args: str | bytes) -> list[str | bytes]:
        """The whole command line."""
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        return ["git", "--no-pager", "--literal-pathspecs", *settings, *args]

    def start(self, *args: str | bytes) -> tuple[int, int, int, int]:
        """Starts git, without what a module for that takes to load: its number, and our ends of its three streams."""
        (stdin, entry), (ours, stdout), (complaints, stderr) = os.pipe(), os.pipe(), os.pipe()
        files = [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate((stdin, stdout, stderr))]
        try:
            process = os.posix_spawnp("git", self.words(*args), self.environment, file_actions=files)
        except FileNotFoundError:
            raise missing() from None
        finally:
            for end in (stdin, stdout, stderr):
                os.close(end)
        return process, entry, ours, complaints

    def run(self, *args: str | bytes, stdin: bytes = b"", ok: Sequence[int] = (0,), cwd: str = "/") -> bytes:
        """What git prints. Raises Failure when its exit code is none of `ok`."""
        import subprocess

        try:
            done = subprocess.run(
                self.words(*args),
                input=stdin,
                capture_output=True,
                env=self.environment,
                cwd=cwd,
                timeout=SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise missing() from None
        except subprocess.TimeoutExpired:
            raise Failure(f"git {_name(args)} did not end", f"It was stopped after {SECONDS} seconds.") from None
        if done.returncode not in ok:
            raise Failure(f"git {_name(args)} failed", said(done.stderr))
        return done.stdout

    def blobs(self, oids: Iterable[str]) -> dict[str, bytes]:
        """Several files' contents, with one process."""
        wanted = list(dict.fromkeys(oids))
        said = self.run("cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in wanted).encode())
        found, at = {}, 0
        for oid in wanted:
            end = said.index(b"\n", at)
            size = int(said[at:end].rsplit(b" ", 1)[1])
            found[oid] = said[end + 1 : end + 1 + size]
            at = end + size + 2
        return found


def missing() -> Failure:
    """What is said where there is no git."""
    return Failure("git is not there", "The project's copy is tracked with it.", "install git 2.30 or newer")


def said(stderr: bytes) -> str:
    """The last lines of what git complained of, safe to print."""
    text = stderr.decode("utf-8", "backslashreplace")[-600:]
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text).strip()


def _name(args: Sequence[str | bytes]) -> str:
    return next((word for word in map(_text, args) if not word.startswith("-")), "")


def _text(word: str | bytes) -> str:
    return word if isinstance(word, str) else word.decode("utf-8", "backslashreplace")
