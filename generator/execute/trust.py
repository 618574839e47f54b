"""Whether gen may run a bundle: it was registered for this user, and is still what it was then.

What a sandbox's agent writes can come to lie anywhere in a person's folders, also in the shape of a bundle. So the look
of a folder says nothing: the registry says it, and what is run is compared with what was registered each time.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import time
from typing import TYPE_CHECKING

from generator.errors import ExitCode, GenError
from generator.execute.manifest import MANIFEST, changed_files, manifest_digest
from generator.execute.registry import Entry, entries, entry_of, home, instance_of, register, sandbox_of

if TYPE_CHECKING:
    from pathlib import Path

# What a run or a user leaves in a bundle, and what a run would believe.
STATE = (".state", "local", "storage", "backups")


class Unknown(GenError):
    """A folder that has the shape of a bundle, and that nobody registered."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The bundle {folder} is not run: gen did not write it for you, and you did not say that you trust it",
            details="\n".join(describe(folder)),
            resolution=f"Look at it, and only if you know where it is from: gen trust {shlex.quote(str(folder))}",
            exit_code=ExitCode.REFUSED,
        )
        self.folder = folder


def is_known(folder: Path) -> bool:
    """Whether that very folder was registered."""
    return entry_of(folder) is not None


def require_known(folder: Path) -> None:
    """Raises Unknown for a folder that was not registered, GenError for one whose state is not what it was (both 4)."""
    entry = entry_of(folder)
    if entry is None:
        raise Unknown(folder)
    _require_instance(entry)


def require_whole(folder: Path) -> None:
    """What stands before each script of a bundle that gen starts: registered, and byte by byte what was registered."""
    require_known(folder)
    wrong = changed_since(folder)
    if wrong:
        raise GenError(
            f"The bundle {folder} is not what gen wrote, so nothing is run",
            details="It differs in: " + ", ".join(wrong[:10]) + (" …" if len(wrong) > 10 else ""),
            resolution=f"{_check(folder)}   (shows the difference; your own changes belong into local/)",
            exit_code=ExitCode.REFUSED,
        )


def changed_since(folder: Path) -> tuple[str, ...]:
    """The files of a registered bundle that are not what they were; the manifest among them when it is another one."""
    entry = entry_of(folder)
    other = entry is None or manifest_digest(folder) != entry.manifest
    return tuple(sorted({*changed_files(folder), *((MANIFEST,) if other else ())}))


def require_room(folder: Path) -> None:
    """Refuses to write a bundle into what somebody else has filled: it would stand among files that it believes."""
    try:
        filled = any(folder.iterdir())
    except OSError:
        return  # nothing is there, or what writes will say why it cannot
    if filled and not is_known(folder):
        named = shlex.quote(str(folder))
        raise GenError(
            f"The bundle is not written to {folder}",
            details="It is not empty, and gen did not write a bundle for you there: what stands in it would become a "
            "part of the bundle, or be believed by it",
            resolution=f"Choose another folder with --out, or if it is a bundle and yours: gen trust {named}",
            exit_code=ExitCode.REFUSED,
        )


def require_apart(folder: Path, project: Path | None) -> None:
    """Refuses a bundle in a project that an agent works on, and a project in or around a bundle (exit code 2)."""
    here = _real(folder)
    known = [entry for entry in entries() if entry.path != here]
    for entry in known:
        if entry.project is not None and here.is_relative_to(_real(entry.project)):
            over = f"if that sandbox is no longer wanted: gen discard {shlex.quote(entry.folder)}"
            why = f"{folder} lies in {entry.project}, which the agent of {entry.path} works on"
            raise _overlap(why, f"{_ELSEWHERE}\nOr, {over}")
    if project is None:
        return
    given = _real(project)
    if here.is_relative_to(given):
        raise _overlap(f"The bundle {folder} lies in the project {project}", _ELSEWHERE)
    if given.is_relative_to(here):
        raise _overlap(f"The project {project} lies in the bundle {folder}", _ELSEWHERE)
    around = next((entry.path for entry in known if entry.path.is_relative_to(given)), None)
    if around is None and _real(home()).is_relative_to(given):
        around = home()
    if around is not None:
        fix = f"Name a folder that it does not lie in, or move it: gen trust --revoke {shlex.quote(str(around))}"
        raise _overlap(f"The project {project} holds {around}, which gen trusts", fix)


def describe(folder: Path) -> tuple[str, ...]:
    """What a person should know of a folder before trusting it. Nothing that it says of itself is believed."""
    try:
        found = folder.stat()
    except OSError as error:
        return (f"It cannot be read: {error.strerror}",)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(_last_change(folder, found.st_mtime)))
    name = sandbox_of(folder)
    called = f"it calls itself {name!r}" if name else "it has no name that a sandbox can have"
    lines = [f"owner {_owner(found.st_uid)}, last changed {when}; {called}"]
    if found.st_uid != os.geteuid():
        lines.append("it belongs to somebody else")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        lines.append("others can write there")
    present = [f"{name}/" for name in STATE if os.path.lexists(folder / name)]
    if present:
        lines.append(f"a run would also believe what stands in {', '.join(present)}")
    return tuple(lines)


def trust(folder: Path) -> Entry:
    """Registers a bundle that a person vouches for. Raises GenError (exit code 4) when it is not even whole."""
    wrong = changed_files(folder)
    if wrong:
        raise GenError(
            f"The bundle {folder} is not whole, and was not registered",
            details="Its files are not what its manifest says: " + ", ".join(wrong[:10]),
            resolution=f"{_check(folder)}   (shows the difference)",
            exit_code=ExitCode.REFUSED,
        )
    return register(folder)


_ELSEWHERE = "Leave --out away, or put the bundle elsewhere: what an agent can write must never be what this host runs"


def _require_instance(entry: Entry) -> None:
    """A bundle's state is the one that its own runs made. One without any is new."""
    now = instance_of(entry.path)
    if now == entry.instance:
        return
    if not now or not entry.instance:
        # The first run has been, or somebody took all state away. An edited bundle stays what it was registered as.
        if manifest_digest(entry.path) == entry.manifest:
            register(entry.path)
    else:
        raise GenError(
            f"The state of the bundle {entry.folder} is of another one",
            details=f"Its .state/instance is {now!r}, and was {entry.instance!r}",
            resolution=f"Look at what is in .state, then: gen trust {shlex.quote(entry.folder)}",
            exit_code=ExitCode.REFUSED,
        )


def _real(path: Path) -> Path:
    return type(path)(os.path.realpath(path))


def _last_change(folder: Path, newest: float) -> float:
    with contextlib.suppress(OSError):
        for place in folder.iterdir():
            newest = max(newest, place.lstat().st_mtime)
    return newest


def _check(folder: Path) -> str:
    return f"gen bundle --profile PROFILE --out {shlex.quote(str(folder))} --check"


def _owner(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _overlap(why: str, fix: str) -> GenError:
    return GenError(
        "A bundle and a project that an agent works on must lie apart",
        details=why,
        resolution=fix,
        exit_code=ExitCode.USAGE,
    )
