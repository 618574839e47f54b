"""Brings a bundle that is there to a new version, file by file, so that it can be killed at any moment."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from generator.drift import PENDING, content_of, diff, executable, known_digests
from generator.errors import ExitCode, GenError
from generator.render import MANIFEST, RenderedFile, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

TEMPORARY = ".gen-new"
OVERWRITTEN = "local/overwritten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Paths of files that are new or changed, that were removed, and where edited ones were moved to."""

    changed: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What is to be done to a bundle: files to write, to remove, and those among both that somebody edited."""

    changed: tuple[str, ...]
    gone: tuple[str, ...]
    edited: tuple[str, ...]
    known: Mapping[str, set[str]]


def update_bundle(files: Mapping[str, RenderedFile], out: Path, *, force: bool) -> Written:
    """Replaces what changed, removes what is no longer part of the bundle, writes the manifest last.

    Raises GenError (exit code 4) with a diff when files were edited and `force` is not given, and when a folder of
    the bundle is a link; OSError when the disk does not let us write.
    """
    known = known_digests(out)
    _refuse_links(out, {*files, *known})
    # What a killed writer left: it announced what it was about to write. Of what was not announced nothing is its own.
    for path in {*files, *known, PENDING} if os.path.lexists(out / PENDING) else {PENDING}:
        _beside(out / path).unlink(missing_ok=True)
    change = _change(files, out, known)
    if change.edited and not force:
        raise _edited(out, files, change.edited)
    moved = _set_aside(out, change.edited)
    if change.changed or change.gone or os.path.lexists(out / PENDING):
        _replace(files, out, change)
    return Written(changed=change.changed, removed=change.gone, moved=moved)


def edited_files(files: Mapping[str, RenderedFile], out: Path) -> tuple[str, ...]:
    """The files that writing this bundle would refuse to replace without `force`."""
    return _change(files, out, known_digests(out)).edited


def stays(out: Path, files: Mapping[str, RenderedFile], path: str) -> bool:
    """Whether a file that is no part of the bundle is still there after it was written anew."""
    ours = {*files, *known_digests(out), PENDING}
    return path.removesuffix(TEMPORARY) not in ours


def write_file(path: Path, file: RenderedFile) -> None:
    """Writes one new file so that it is on the disk, with its mode whatever the umask. One that cannot be is none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, file.mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(file.content)
            stream.flush()
            os.fchmod(stream.fileno(), file.mode)
            os.fsync(stream.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def flush_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _change(files: Mapping[str, RenderedFile], out: Path, digests: Mapping[str, set[str]]) -> _Change:
    known = {path: values for path, values in digests.items() if path != MANIFEST}
    contents = {path: content_of(out / path) for path in {*files, *known}}
    changed = tuple(path for path, file in files.items() if _differs(out / path, contents[path], file))
    gone = tuple(path for path in sorted(known.keys() - files.keys()) if os.path.lexists(out / path))
    # The manifest only lists: what it says is compared with what is there, and it is always written anew.
    edited = tuple(
        path
        for path in (*changed, *gone)
        if path != MANIFEST and _is_edited(out / path, contents[path], files.get(path), known.get(path, set()))
    )
    return _Change(changed=changed, gone=gone, edited=edited, known=known)


def _differs(place: Path, content: bytes | None, file: RenderedFile) -> bool:
    return content != file.content or executable(place) != bool(file.mode & 0o100)


def _is_edited(place: Path, content: bytes | None, file: RenderedFile | None, known: set[str]) -> bool:
    """Whether what is there is neither what an earlier version had nor what this one has."""
    if content is None:
        return os.path.lexists(place)
    return sha256(content) not in known and (file is None or content != file.content)


def _refuse_links(out: Path, files: Iterable[str]) -> None:
    """A folder that is a link would lead our writing somewhere else."""
    folders = {out / parent for path in files for parent in _parents(path)}
    for folder in sorted(folders):
        if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
            raise GenError(
                f"The bundle in {out} cannot be updated",
                details=f"{folder} is not a folder of its own: it is a link or a file",
                resolution=f"mv {folder} {folder}.mine, then run the same command again",
                exit_code=ExitCode.REFUSED,
            )


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _edited(out: Path, files: Mapping[str, RenderedFile], edited: Sequence[str]) -> GenError:
    diffs = [
        diff(path, content_of(out / path), files[path].content if path in files else None) or f"{path}: is not a file"
        for path in edited
    ]
    return GenError(
        f"Files in {out} were edited, and nothing was changed: {', '.join(edited)}",
        details="\n".join(diffs),
        resolution=f"Put your changes into local/, or run the same command again with --force: the edited files are "
        f"moved to {OVERWRITTEN}/ then",
        exit_code=ExitCode.REFUSED,
    )


def _set_aside(out: Path, edited: Sequence[str]) -> tuple[str, ...]:
    if not edited:
        return ()
    (out / "local").mkdir(exist_ok=True)
    (out / OVERWRITTEN).mkdir(exist_ok=True)
    number = next(n for n in count(1) if not os.path.lexists(out / OVERWRITTEN / str(n)))
    moved = []
    for path in edited:
        place = f"{OVERWRITTEN}/{number}/{path}"
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        (out / path).rename(out / place)
        moved.append(place)
    return tuple(moved)


def _replace(files: Mapping[str, RenderedFile], out: Path, change: _Change) -> None:
    paths = [path for path in change.changed if path != MANIFEST]
    _prepare(files, out, paths, change.known)
    for path in paths:
        _beside(out / path).replace(out / path)
    for path in change.gone:
        _remove(out, path)
    for folder in sorted({(out / path).parent for path in paths}):
        flush_folder(folder)
    _beside(out / MANIFEST).replace(out / MANIFEST)
    (out / PENDING).unlink(missing_ok=True)
    flush_folder(out)


def _prepare(files: Mapping[str, RenderedFile], out: Path, paths: Sequence[str], known: Mapping[str, set[str]]) -> None:
    """Puts everything on the disk beside its place before the first file is replaced: a full disk changes nothing."""
    made = [] if os.path.lexists(out / PENDING) else [out / PENDING]
    try:
        _announce(out, files, known)
        for path in (*paths, MANIFEST):
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            write_file(_beside(out / path), files[path])
            made.append(_beside(out / path))
    except BaseException:
        for path_made in made:
            with contextlib.suppress(OSError):
                path_made.unlink()
        raise


def _announce(out: Path, files: Mapping[str, RenderedFile], known: Mapping[str, set[str]]) -> None:
    """Says which digests are ours until the new manifest is in place, in case we are killed before."""
    digests = {path: set(values) for path, values in known.items()}
    for path, file in files.items():
        digests.setdefault(path, set()).add(sha256(file.content))
    lines = [f"{digest}  {path}\n" for path in sorted(digests) for digest in sorted(digests[path])]
    _beside(out / PENDING).unlink(missing_ok=True)
    write_file(_beside(out / PENDING), RenderedFile("".join(lines).encode(), 0o644))
    _beside(out / PENDING).replace(out / PENDING)
    flush_folder(out)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + TEMPORARY)


def _remove(out: Path, path: str) -> None:
    (out / path).unlink(missing_ok=True)
    for parent in reversed(_parents(path)):
        try:
            (out / parent).rmdir()
        except OSError:
            return  # not empty: somebody's own file is in it
