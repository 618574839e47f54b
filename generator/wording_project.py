"""What a bundle's documents say of its workspace: one of its own, or the copy of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.languages import Raw
from generator.languages import markdown_code as code

if TYPE_CHECKING:
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
