"""Looks at bundles: their settings, and what their runs left. Only looks."""

from __future__ import annotations

import errno
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from generator.doctor.facts import BundleFacts, LockState, Owner
from generator.doctor.host import free_bytes
from generator.execute.bundle import Bundle, all_bundles, find_bundle, is_bundle, strangers
from generator.execute.history import open_run, read_journal
from generator.execute.lock import is_at_work, lock_owner, process_lives
from generator.execute.manifest import MANIFEST, read_file
from generator.execute.trust import Unknown, changed_since, is_known
from generator.printable import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from generator.doctor.facts import EngineObject, Standing

_SETTING = re.compile(r"(?P<key>GEN_[A-Z_]+)=(?P<value>.*)")
_LEFTOVER = re.compile(r".*\.new|.*\.parts|(instance|token)\.[0-9]+")


def bundles_to_look_at(given: str | None, here: Path) -> tuple[tuple[Bundle, ...], tuple[str, ...]]:
    """The one that was named, or all of this user's; and the folders here that look like bundles and are none of them.

    Of those nothing more is looked at: whatever they say of themselves may be planted.
    """
    if given is not None:
        try:
            return (find_bundle(given, here),), ()
        except Unknown as error:
            return (), (str(error.folder),)
    unknown = (*((here.resolve(),) if is_bundle(here) and not is_known(here) else ()), *strangers(here))
    return all_bundles(here), tuple(map(str, unknown))


def look_at_bundle(bundle: Bundle) -> BundleFacts:
    """What there is to know of one bundle. What cannot be read counts as not there."""
    state, journal = bundle.state, read_journal(bundle)
    instance = _word(state / "instance")
    return BundleFacts(
        bundle=bundle,
        settings=tuple(_settings(bundle.path / "lib" / "settings.sh")),
        instance=instance,
        mark=_word(state / "token"),
        images=tuple(_images(state / "owned")),
        writable=os.access(bundle.path, os.W_OK) and (not state.exists() or os.access(state, os.W_OK)),
        changed=changed_since(bundle.path),
        pending=(bundle.path / f"{MANIFEST}.pending").exists(),
        lock=_lock(bundle),
        lock_pid=lock_owner(bundle).partition(":")[0],
        open_run=open_run(journal),
        cut_off=tuple(_cut_off(state)),
        orphan=process_lives(_word(state / "child")),
        unfinished=_unfinished(bundle, {record.run for record in journal.records if record.event == "commit"}),
        unreadable=journal.unreadable,
        isolation=_word(state / "names" / "isolation"),
        client=_word(state / "names" / "client"),
        leftovers=tuple(_leftovers(bundle.path, state)),
        copies=_copies(bundle.path, instance),
        original=_original(bundle.path, instance),
        free=free_bytes(bundle.path),
        image=_allocated(bundle.path / "storage" / f"workspace-{instance}.img"),
    )


def _cut_off(state: Path) -> Iterator[str]:
    """What a script outside of any run has begun and not taken back (lib/work.sh): a word each."""
    for line in (read_file(state / "work") or b"").decode("utf-8", "replace").splitlines()[:20]:
        yield escaped(line.partition(" ")[0])


def find_owners(objects: Iterable[EngineObject], bundles: Iterable[BundleFacts]) -> tuple[Owner, ...]:
    """Whose the objects are: for each instance the bundle that has it, wherever its objects say that it is."""
    here = {facts.instance: facts for facts in bundles if facts.instance}
    folders: dict[str, str] = {}
    for thing in objects:
        folders[thing.instance] = folders.get(thing.instance) or thing.folder
    return tuple(
        Owner(
            instance=instance,
            standing="here",
            folder=str(here[instance].bundle.path),
            mark=here[instance].mark,
            at_work=here[instance].at_work,
        )
        if instance in here
        else _elsewhere(instance, folder)
        for instance, folder in sorted(folders.items())
    )


def _elsewhere(instance: str, folder: str) -> Owner:
    if not folder:
        return Owner(instance=instance, standing="unknown")
    standing: Standing = "gone"
    try:
        if (Path(folder) / ".state" / "instance").read_text("ascii").strip() == instance:
            standing = "elsewhere"
    except OSError as error:
        # What we may not read may well be there.
        standing = "gone" if error.errno in (errno.ENOENT, errno.ENOTDIR) else "unknown"
    except ValueError:
        standing = "unknown"
    at_work = standing == "elsewhere" and is_at_work(Bundle(path=Path(folder), shown=folder))
    token = _word(Path(folder) / ".state" / "token") if standing == "elsewhere" else ""
    return Owner(instance=instance, standing=standing, folder=folder, mark=token, at_work=at_work)


def _images(path: Path) -> Iterator[str]:
    """The ids of the images that the bundle built, as its record has them, the newest first."""
    for line in reversed(_text(path).splitlines()):
        kind, _, image, *_ = [*line.split(" "), "", "", ""]
        if kind == "image" and image not in ("", "-"):
            yield image


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.is_file() else ""
    except OSError:
        return ""


def _word(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _settings(path: Path) -> Iterator[tuple[str, str]]:
    """The values of lib/settings.sh, as bash would read them."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        found = _SETTING.fullmatch(line)
        if found is None:
            continue
        try:
            words = shlex.split(found["value"])
        except ValueError:
            continue
        yield found["key"], " ".join(words)


def _lock(bundle: Bundle) -> LockState:
    owner = lock_owner(bundle)
    if not owner:
        return "free"
    # Without /proc nobody here can tell whether the owner lives.
    return "held" if is_at_work(bundle) or not Path("/proc/self/stat").exists() else "stale"


def _unfinished(bundle: Bundle, committed: set[str]) -> tuple[str, ...]:
    """Runs that committed, and whose state from before was not cleared away."""
    try:
        return tuple(sorted(entry.name for entry in (bundle.state / "prior").iterdir() if entry.name in committed))
    except OSError:
        return ()


def _leftovers(folder: Path, state: Path) -> Iterator[str]:
    """Files that were being written when their writer died. What a step keeps of before is not ours to judge."""
    for top, folders, files in os.walk(state):
        folders[:] = sorted(name for name in folders if Path(top) != state or name not in ("logs", "prior", "mirror"))
        for name in sorted(files):
            if _LEFTOVER.fullmatch(name):
                yield str((Path(top) / name).relative_to(folder))


def _copies(folder: Path, instance: str) -> tuple[str, ...]:
    copy = Path("storage") / f"workspace-{instance}.img.new"
    return (str(copy),) if instance and (folder / copy).is_file() else ()


def _original(folder: Path, instance: str) -> str:
    """The folder that this one is a copy of; empty when it is none."""
    home = _line(folder / ".state" / "home")
    if not home or Path(home) == folder:
        return ""
    return home if instance and _word(Path(home) / ".state" / "instance") == instance else ""


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8").removesuffix("\n")
    except (OSError, ValueError):
        return ""


def _allocated(path: Path) -> int | None:
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return None
