"""Writes a bundle: whole or not at all, and never over what somebody edited.

A new bundle is made beside its place and renamed into it. In one that is there, each changed file is replaced by
renaming, and the manifest comes last: a writer that is killed leaves a bundle that running it again completes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from typing import TYPE_CHECKING

from generator.drift import known_digests
from generator.errors import ExitCode, GenError
from generator.render import MANIFEST
from generator.update import TEMPORARY, Written, flush_folder, update_bundle, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from generator.render import RenderedFile


def write_bundle(files: Mapping[str, RenderedFile], out: Path, *, force: bool = False) -> Written:
    """Writes the files to `out`, which is a new or empty folder or an older version of the bundle.

    Raises GenError: refused (exit code 4) when `out` is a link, a file or a folder that is not ours, or holds files
    that somebody edited, unless `force` is given: those are moved to local/overwritten/ then. Exit code 2 when the
    folder above is missing, 1 when the disk does not let us write. Whatever is raised, nothing of the user's is lost.
    """
    _acceptable(out)
    try:
        with _alone(out.parent):
            if _is_there(out):
                return update_bundle(files, out, force=force)
            _create(files, out)
            return Written(changed=tuple(files), removed=(), moved=())
    except OSError as error:
        raise _disk(out, error) from error


def _acceptable(out: Path) -> None:
    """Refuses what can never become a bundle, before anything is touched."""
    if out.is_symlink():
        raise _refused(out, "It is a symbolic link", f"Name the folder itself: --out {out.resolve()}")
    if not out.parent.is_dir():
        raise GenError(
            f"The bundle cannot be written to {out}",
            details=f"The folder above it, {out.parent}, does not exist",
            resolution=f"mkdir -p {out.parent}",
            exit_code=ExitCode.USAGE,
        )
    if out.exists() and not out.is_dir():
        raise _refused(out, "It is a file", "Choose another folder with --out")


def _is_there(out: Path) -> bool:
    """Whether there is a folder to bring up to date: a bundle, or an empty one, whose owner and mode stay."""
    if not out.is_dir():
        return False
    if any(out.iterdir()) and not known_digests(out):
        why = f"It is not empty and not a bundle: it has no {MANIFEST}"
        raise _refused(out, why, "Choose another folder with --out")
    return True


def _create(files: Mapping[str, RenderedFile], out: Path) -> None:
    staged = out.parent / (out.name + TEMPORARY)
    # Nobody else is here: what stands at this name is what a killed writer left.
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir(mode=0o755)
        for path, file in files.items():
            _write(staged / path, file)
        for folder in {(staged / path).parent for path in files}:
            flush_folder(folder)
        staged.rename(out)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    flush_folder(out.parent)


def _write(path: Path, file: RenderedFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, file)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps two writers apart. The lock goes with the process, so a dead one does not hold it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # a filesystem without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _refused(out: Path, why: str, mend: str) -> GenError:
    return GenError(f"The bundle cannot be written to {out}", details=why, resolution=mend, exit_code=ExitCode.REFUSED)


_MENDS = {
    errno.ENOSPC: "Free some space (df -h .), then run the same command again",
    errno.EDQUOT: "Your quota is used up: free some space, then run the same command again",
    errno.EROFS: "The filesystem is read-only: choose another folder with --out",
    errno.EACCES: "Choose a folder that you may write to with --out, or change its owner",
    errno.EPERM: "Choose a folder that you may write to with --out, or change its owner",
    errno.ENAMETOOLONG: "Choose a shorter name with --out",
}


def _disk(out: Path, error: OSError) -> GenError:
    mend = _MENDS.get(error.errno or 0, "Correct that, then run the same command again: it completes what was begun")
    where = f" ({error.filename})" if error.filename else ""
    return GenError(
        f"The bundle cannot be written to {out}",
        details=f"{error.strerror or error}{where}",
        resolution=mend,
        exit_code=ExitCode.FAILED_ROLLED_BACK,
    )
