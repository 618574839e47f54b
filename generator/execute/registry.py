"""The bundles that gen wrote for this user, or that the user trusted: the one list that decides what gen runs.

It lies in `$XDG_DATA_HOME/gen`, which belongs to the user alone, is read without following links and is replaced whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import ExitCode, GenError
from generator.execute.manifest import manifest_digest, read_file
from generator.execute.names import is_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = 1
FILE = "registry.json"
MOST = 8 << 20
# More than a number of ours has, which is 16 digits.
MOST_WORD = 40
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One bundle. `inode` is its folder's: devices get other numbers at a boot. `instance` comes with the first run."""

    folder: str
    inode: int
    manifest: str
    sandbox: str = ""
    instance: str = ""

    @property
    def path(self) -> Path:
        """Its folder."""
        return Path(self.folder)

    @property
    def stands(self) -> bool:
        """Whether the folder is the one that was registered."""
        return inode_of(self.path) == self.inode

    @property
    def begun(self) -> bool:
        """Whether a run of it made something that no rollback has taken away."""
        return (self.path / ".state" / "names").is_dir() or self.project is not None

    @property
    def project(self) -> Path | None:
        """The project that its sandbox has a copy of."""
        return project_of(self.path)

    @property
    def named_project(self) -> Path | None:
        """The project that its next start would copy, where none is copied."""
        content = read_file(self.path / "local" / "project") or b""
        line = os.fsdecode(content.split(b"\n", 1)[0])
        return Path(line) if line.startswith("/") else None


def home() -> Path:
    """Where gen keeps what belongs to this user. Raises GenError (exit code 4) for a user without a home."""
    given = os.environ.get("XDG_DATA_HOME") or ""
    if given.startswith("/"):
        return Path(given) / "gen"
    try:
        return Path.home() / ".local" / "share" / "gen"
    except RuntimeError:
        raise GenError(
            "It is unknown which bundles gen wrote for you",
            details="You have no home folder",
            resolution="export XDG_DATA_HOME=FOLDER   (an absolute path)",
            exit_code=ExitCode.REFUSED,
        ) from None


def sandboxes() -> Path:
    """Where the sandboxes live whose bundle was put nowhere else."""
    return home() / "sandboxes"


def entries() -> tuple[Entry, ...]:
    """All bundles whose folders still stand, by folder."""
    with _open_home() as folder:
        return () if folder is None else tuple(entry for entry in _read(folder) if entry.stands)


def entry_of(folder: Path) -> Entry | None:
    """The entry of a folder, if that very folder was registered."""
    real = os.path.realpath(folder)
    return next((entry for entry in entries() if entry.folder == real), None)


def register(folder: Path) -> Entry:
    """From now on gen runs this bundle, as its files and its state are now."""
    real = Path(os.path.realpath(folder))
    entry = Entry(
        folder=str(real),
        inode=inode_of(real) or 0,
        manifest=manifest_digest(real),
        sandbox=sandbox_of(real),
        instance=instance_of(real),
    )
    _change(lambda known: (*(one for one in known if one.folder != entry.folder and one.stands), entry))
    return entry


def forget(folder: Path) -> bool:
    """From now on gen does not run this bundle any more. Whether it did."""
    real = os.path.realpath(folder)
    known = any(entry.folder == real for entry in entries())
    _change(lambda found: tuple(one for one in found if one.folder != real and one.stands))
    return known


def make_sandboxes() -> Path:
    """The folder for sandboxes, made if need be; nobody else may look into it."""
    with _open_home(make=True) as folder:
        with contextlib.suppress(FileExistsError):
            os.mkdir("sandboxes", 0o700, dir_fd=folder)
        os.close(_own_folder("sandboxes", sandboxes(), folder))
    return sandboxes()


def inode_of(folder: Path) -> int | None:
    """The number of a folder; None where none stands."""
    try:
        found = folder.lstat()
    except OSError:
        return None
    return found.st_ino if stat.S_ISDIR(found.st_mode) else None


def instance_of(folder: Path) -> str:
    """The number that the bundle's first run gave it; empty before."""
    return (read_file(folder / ".state" / "instance") or b"").decode("ascii", "replace").strip()[:MOST_WORD]


def project_of(folder: Path) -> Path | None:
    """The project that a copy was made of, and is there: that one was named is nobody's claim to a folder."""
    try:
        project = json.loads(read_file(folder / ".state" / "project" / "settings.json") or b"")["project"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Path(project) if isinstance(project, str) and project.startswith("/") and "\0" not in project else None


def sandbox_of(folder: Path) -> str:
    """The sandbox's name, as the bundle's plan has it; empty where it is none that a sandbox can have."""
    try:
        name = json.loads(read_file(folder / "plan.json") or b"")["name"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return name if is_sandbox(name) else ""


@contextlib.contextmanager
def _open_home(*, make: bool = False) -> Iterator[int | None]:
    """The open folder of gen's; None where there is none and none is to be made."""
    place = home()
    try:
        if make:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                place.mkdir(mode=0o700)
        folder = _own_folder(str(place), place, None)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise _refused(place, error.strerror or "it cannot be read", "Correct that, or set XDG_DATA_HOME") from error
    try:
        yield folder
    finally:
        os.close(folder)


def _own_folder(name: str, place: Path, above: int | None) -> int:
    """Opens a folder that nobody else may have had a hand in."""
    folder = os.open(name, _FOLDER, dir_fd=above)
    found = os.fstat(folder)
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        os.close(folder)
        raise _refused(place, "others can write there, or it is not yours", f"Look at it: ls -ld {place}")
    if found.st_mode & 0o055:
        os.fchmod(folder, 0o700)
    return folder


def _read(folder: int) -> tuple[Entry, ...]:
    try:
        descriptor = os.open(FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _refused(home() / FILE, error.strerror or "it cannot be read", _anew()) from error
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise _refused(home() / FILE, "others can write to it, or it is not yours", _anew())
        content = stream.read(MOST)
    try:
        data = json.loads(content)
        if data["schema"] != SCHEMA:
            raise _refused(home() / FILE, "another version of gen wrote it", "Use that version, or " + _anew())
        return tuple(_entry(one) for one in data["bundles"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _refused(home() / FILE, "it is damaged", _anew()) from None


def _entry(data: dict[str, object]) -> Entry:
    words = {key: data[key] for key in ("folder", "manifest", "sandbox", "instance")}
    if not all(isinstance(word, str) for word in words.values()) or not isinstance(data["inode"], int):
        raise TypeError
    return Entry(inode=data["inode"], **words)  # type: ignore[arg-type]


def _change(change: Callable[[tuple[Entry, ...]], tuple[Entry, ...]]) -> None:
    with _open_home(make=True) as folder:
        if folder is None:
            return
        with contextlib.suppress(OSError):  # a filesystem without locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        found = sorted(change(_read(folder)), key=lambda entry: entry.folder)
        document = {"schema": SCHEMA, "bundles": [asdict(entry) for entry in found]}
        try:
            _replace(folder, json.dumps(document, indent=1).encode("ascii") + b"\n")
        except OSError as error:
            why = error.strerror or "it cannot be written"
            raise _refused(home() / FILE, why, "Make room, or set XDG_DATA_HOME") from error


def _replace(folder: int, content: bytes) -> None:
    """The file, all of it or as it was; nobody else is here."""
    fresh = f"{FILE}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=folder)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(fresh, FILE, src_dir_fd=folder, dst_dir_fd=folder)
    os.fsync(folder)


def _anew() -> str:
    return f"mv {home() / FILE} {home() / FILE}.old, then gen trust PATH for each of your bundles"


def _refused(place: Path, why: str, fix: str) -> GenError:
    return GenError(
        f"The list of your bundles cannot be used: {place}", details=why, resolution=fix, exit_code=ExitCode.REFUSED
    )
