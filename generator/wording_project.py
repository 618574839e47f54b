"""What a bundle's documents say of its workspace: one of its own, or the copy of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.languages import Raw
from generator.languages import markdown_code as code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.profile import Profile

_OWN = (
    ("scripts/backup.sh", "saves the workspace to `backups/`, compressed and with a checksum"),
    ("scripts/restore.sh FILE", "brings a saved workspace back"),
    ("scripts/resize-volume.sh 40", "makes the workspace 40 GB large, without losing anything"),
    ("scripts/mount-storage.sh report", "says how large the workspace is, and what it takes of the disk"),
)
_COPY = (
    ("scripts/exec.sh -- COMMAND", "runs one command; what it changes in the copy becomes one commit"),
    ("scripts/changes.sh", "lists those commits: command, exit code, time"),
    ("scripts/diff.sh A..B", "shows the difference between two of them; without arguments, all of it"),
    ("scripts/undo.sh N", "brings the files of the copy back to before the last N commands"),
    ("scripts/review.sh", "shows the whole change, and first what in it could run on this machine"),
    ("scripts/apply.sh", "brings the accepted part back into the project: all of it, or nothing"),
    ("scripts/discard.sh", "throws the sandbox away with what was not applied; the project stays as it is"),
)


def workspace_commands(profile: Profile) -> tuple[tuple[str, Raw], ...]:
    """The scripts that only this kind of workspace has, each with what it does."""
    return tuple((command, Raw(does)) for command, does in (_COPY if profile.has_copy else _OWN))


def start(profile: Profile) -> Raw:
    """The first command."""
    return Raw("scripts/start.sh --project PATH" if profile.has_copy else "scripts/start.sh")


def kept(profile: Profile) -> Raw:
    """What stays when the sandbox is made anew."""
    if profile.has_copy:
        return Raw(
            "What is kept is what the agent changed in the copy of the project. Everything else in the sandbox, the "
            "user's\nhome too, is in memory and goes when it stops."
        )
    return Raw(
        "What is kept is the workspace, with the user's home in it. Everything else in the sandbox goes when it is "
        "made anew."
    )


def workspace(profile: Profile) -> str:
    """What the workspace is, in a line."""
    path, size = code(profile.storage.path), profile.storage.size
    if profile.has_copy:
        return f"{path}, a copy of a project; what the agent writes goes to one sparse file of {size} in `storage/`"
    return f"{path}, {size}: an ext4 filesystem in one sparse file in `storage/`"


def when_full(profile: Profile) -> Raw:
    """What mends a workspace without space, as it stands in a table."""
    if profile.has_copy:
        return Raw("`scripts/exec.sh -- rm FILE`, or another bundle with a larger `storage.size`")
    return Raw("`scripts/resize-volume.sh 40`")


_LOOP = (
    (
        "`scripts/exec.sh -- COMMAND`",
        "runs one command; what it changes is one commit",
        "the command's own; 4: the sandbox does not run, or the command was refused (`result=refused`)",
    ),
    ("`scripts/changes.sh --json`", "those commits, the newest first", "0: shown"),
    (
        "`scripts/diff.sh COMMIT --stat`",
        "what that one command changed; `A..B`: between two; nothing: all",
        "0: shown; 2: no such commit",
    ),
    (
        "`scripts/review.sh --json`",
        "all that would come back, with its `hash`; of each change `held` and `never` say why not",
        "0: report it; it counts as no look of a person's, so `apply` wants its hash",
    ),
    (
        "`scripts/apply.sh --approve HASH`",
        "brings it back, if you were told to; names each path",
        "0: done; 1: conflicts, nothing was changed; 3: what is named is left, run it again; "
        "4: refused, nothing was changed: review again",
    ),
    (
        "`scripts/stop.sh`",
        "stops the sandbox; what waits stays for the next start",
        "0: stopped; 3: what is named still runs",
    ),
)
_APPLY = (
    ("nothing, and no terminal", "stays; exit code 4", "stays"),
    ("`--yes`", "all of it, if the last review showed it; else exit code 4", "stays"),
    ("`--approve HASH`", "all of it, if it is still exactly what had this hash; else exit code 4", "stays"),
    ("and `--only PATH`", "PATH alone (of a folder all that is below)", "stays"),
    ("and `--except PATH`", "all but PATH, which waits (of a folder all that is below)", "stays"),
    ("and `--ours PATH`", "the host's PATH stays; what the agent made of it waits no longer", "the same"),
    ("and `--theirs PATH`", "the agent's PATH whole, over the host's own changes", "stays, but for `--accept PATH`"),
    ("and `--conflicts FOLDER`", "conflicts are written there, outside of the project, to look at", "stays"),
    ("and `--accept PATH`", "as without it", "PATH comes as well, file by file; with `--only` too, both must name it"),
    (
        "and `--accept-kind KIND`",
        "as without it",
        "what is held back for KIND alone comes as well: `lock` or `executable`",
    ),
)


def work(profile: Profile) -> tuple[Raw, ...]:
    """How an AI works on the copy of a project and brings it back, a line each; none where there is no copy."""
    if not profile.has_copy:
        return ()
    return tuple(
        map(
            Raw,
            (
                "## Work on the project, and bring it back",
                "",
                "The whole loop; each of these but the last has its last line on standard error:",
                "",
                *_table(("command", "what for", "by its exit code"), _LOOP),
                "",
                "What comes back is what is neither *held back* (it could run or steer something on this machine: only",
                "path by path, and only if a person says so) nor *never brought back* (no option brings it):",
                "",
                *_table(("`scripts/apply.sh` with", "what is not held back", "what is held back"), _APPLY),
                "",
            ),
        )
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def waits(profile: Profile) -> tuple[Raw, ...]:
    """What somebody who takes over does with what is in the copy."""
    if not profile.has_copy:
        return ()
    return (
        Raw(
            "What `waiting` counts is somebody's work that nobody has brought back: `scripts/review.sh`, and never "
            "`scripts/discard.sh` unasked."
        ),
    )
