"""`enter`: takes a project into the sandbox, as the lower layer of an overlay or as a plain copy."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile

from project import histories, leave, limits, look, making, modes, records, unread, words
from project.choose import Choice, Chooser
from project.failure import Failure
from project.git import Git
from project.layer import FOLDER, Unread, open_below
from project.secret import Secrets
from project.secret_table import SECRETS
from project.settings import Settings, method_told

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

# `userxattr` of an overlay, without which only root could read its marks, is that old.
KERNEL = (5, 11)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`enter`."""
    parser = subparsers.add_parser("enter", help="take a project into the sandbox")
    parser.add_argument("--project", required=True, metavar="DIR")
    parser.add_argument("--sandbox-uid", required=True, type=int, metavar="N", help="whom the sandbox runs as")
    parser.add_argument("--method", choices=("auto", "overlay", "plain"), default="auto")
    parser.add_argument("--ignored", action="store_true", help="take what .gitignore names too")
    parser.add_argument("--git", action="store_true", help="take .git too, for the agent to see; it never comes back")
    parser.add_argument("--secret", action="append", default=[], metavar="PATTERN", help="leave this out as well")
    parser.add_argument("--keep", action="append", default=[], metavar="PATTERN", help="take this, secret or not")
    parser.add_argument("--foresee", action="store_true", help="only says how the copy would be made")
    parser.add_argument("--room", type=int, default=0, metavar="BYTES", help="with --foresee: how large the disk is")
    parser.add_argument("--compare", action="store_true", help="only says which settings a copy was made without")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Enters the project and says what was left out."""
    project = os.fsencode(os.path.realpath(args.project))
    state = os.path.abspath(args.state)
    if args.compare:
        sys.stdout.write(", ".join(_otherwise(args, state)) + "\n")
        return 0
    if os.path.exists(os.path.join(state, "settings.json")):
        raise Failure(
            "there is a copy of a project here already",
            Settings.load(state).shown(),
            "scripts/review.sh, then scripts/discard.sh",
            4,
        )
    try:
        root = os.open(project, FOLDER)
    except OSError as error:
        raise Failure(f"the project cannot be read: {words.path(project)}", str(error.strerror), code=2) from None
    if args.foresee:
        unread.refuse(project, most=unread.AHEAD)
        method, why = decide(args.method, project, os.fstat(root), args.sandbox_uid, "")
        if method == "plain" and args.room:
            _fits(args, project, root)
        os.close(root)
        sys.stdout.write(method_told(method, why) + "\n")
        return 0
    try:
        choice = _enter(args, state, project, root)
    except OSError as error:
        mend = "make the sandbox's disk larger" if error.errno == 28 else ""
        raise Failure("the project could not be taken into the sandbox", str(error), mend) from None
    finally:
        os.close(root)
    sys.stdout.write(told(choice))
    return 0


# Keys of the profile that decide what is in a copy, by the names under which it is written down what was asked for.
KEYS = {"ignored": "project.ignored", "git": "project.history", "secret": "project.secrets", "keep": "project.keep"}


def _asked(args: argparse.Namespace) -> dict[str, object]:
    return {"ignored": args.ignored, "git": args.git, "secret": args.secret, "keep": args.keep, "method": args.method}


def _otherwise(args: argparse.Namespace, state: str) -> list[str]:
    """The keys that are not what they were when the copy was made."""
    had, now = json.loads(Settings.load(state).asked), _asked(args)
    return [key for name, key in KEYS.items() if had.get(name, now[name]) != now[name]]


def _fits(args: argparse.Namespace, project: bytes, root: int) -> None:
    """Refuses what can't be copied: files alone that need more than the whole disk has."""
    with tempfile.TemporaryDirectory() as place:
        secrets = Secrets(args.secret, args.keep)
        choice = Chooser(root, project, place, secrets, args.ignored, args.git).choose()
    need = 0
    for path, _ in choice.taken:
        # One that goes meanwhile needs nothing.
        with contextlib.suppress(OSError):
            found = os.stat(path, dir_fd=root, follow_symlinks=False)
            need += min(found.st_size, found.st_blocks * 512)
    if need > args.room:
        sizes = f"{need >> 20}M are to be copied, and it has {args.room >> 20}M"
        raise Failure(f"the project is too large for the sandbox's disk: {sizes}", "", f"{(need * 2 >> 30) + 1}G", 4)


def _enter(args: argparse.Namespace, state: str, project: bytes, root: int) -> Choice:
    found = os.fstat(root)
    method, why = decide(args.method, project, found, args.sandbox_uid, state)
    if method == "plain" and args.method == "overlay":
        raise Failure("no overlay can be made of this project", why, "--method plain", 4)
    gid = found.st_gid if found.st_uid == args.sandbox_uid else args.sandbox_uid
    os.makedirs(os.path.join(state, "disk"), mode=0o700, exist_ok=True)
    # What an entry that was cut off has left.
    leave.remove(state, history=False)
    leave.set_aside(state)
    Git.create(os.path.join(state, "track.git"))
    secrets = Secrets(args.secret, args.keep)
    choice = Chooser(root, project, state, secrets, args.ignored, args.git).choose()
    settings = Settings(project, method, args.sandbox_uid, gid, json.dumps(_asked(args)), why)
    if method == "overlay":
        _overlay(state, project, choice, found)
    else:
        _plain(state, choice, root, settings)
    title = choice.moment.title() if choice.moment else b""
    base = records.join((taken for taken in choice.taken if choice.tracked(taken[0])), title)
    records.write(os.path.join(state, "base.list"), base, durable=True)
    folders = {path: folder for path, folder in choice.folders.items() if choice.tracked(path)}
    if method == "overlay" and choice.moment:
        look.write_entered(state, folders, choice.moment)
    modes.write_entered(state, folders, method == "plain")
    left = [{"path": path.decode("utf-8", "surrogateescape"), "why": why} for path, why in sorted(choice.left.items())]
    along, environments = (
        [path.decode("utf-8", "surrogateescape") for path in paths]
        for paths in (sorted(choice.along), choice.environments())
    )
    listed = {"schema": 1, "left_out": left, "secrets": [*SECRETS, *args.secret]}
    listed.update(along=along, environments=environments)
    content = json.dumps(listed, indent=1).encode("ascii") + b"\n"
    records.write(os.path.join(state, "left-out.json"), content, durable=True)
    settings.save(state)
    return choice


def decide(asked: str, project: bytes, found: os.stat_result, uid: int, state: str) -> tuple[str, str]:
    """The method, and why no overlay could be made. Without a state it is not tried whether whiteouts work."""
    if asked == "plain":
        return "plain", "that was asked for"
    why = ""
    if not sys.platform.startswith("linux"):
        why = "This is no Linux."
    elif tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2] if part.isdigit()) < KERNEL:
        why = "The kernel is older than 5.11."
    elif any(letter in project + os.fsencode(state) for letter in b":,\\\n\r"):
        why = "A path has a letter that mount options cannot hold."
    elif not _is_utf8(project + os.fsencode(state)):
        why = "A path is not UTF-8, and an engine is told of no other."
    elif found.st_uid != uid:
        why = f"The project belongs to user {found.st_uid}, and the sandbox's is {uid}."
    elif state and not _whiteouts_work(os.path.join(state, "disk")):
        why = "This filesystem, or this user, cannot make whiteouts."
    return ("plain", why) if why else ("overlay", "")


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _whiteouts_work(disk: str) -> bool:
    os.makedirs(disk, mode=0o700, exist_ok=True)
    folder = os.open(disk, FOLDER)
    try:
        making.whiteout(folder, b".probe")
        os.unlink(b".probe", dir_fd=folder)
    except OSError:
        return False
    finally:
        os.close(folder)
    return True


def _overlay(state: str, project: bytes, choice: Choice, found: os.stat_result) -> None:
    """The upper layer, and the whiteouts over what is left out."""
    disk = os.path.join(state, "disk")
    for name in ("upper", "work", "masks"):
        os.mkdir(os.path.join(disk, name), 0o700)
        folder = os.open(os.path.join(disk, name), FOLDER)
        making.like(folder, found)
        os.close(folder)
    masks = os.open(os.path.join(disk, "masks"), FOLDER)
    # A folder here lies on top of the project's, so it has to look like that.
    maker = making.Maker(masks, lambda descriptor, path: making.like(descriptor, choice.folders.get(path, found)))
    try:
        for path in sorted(choice.left):
            above, _, hidden = path.rpartition(b"/")
            making.whiteout(maker.folder(above), hidden)
        # The project's own `.git` is seen through the overlay, but for a file that leads out of it.
        for path in choice.history:
            repository = histories.linked(project, path)
            if repository is not None:
                histories.make_own(repository, path, maker, (found.st_uid, found.st_gid))
        os.fsync(masks)
    finally:
        maker.close()
        os.close(masks)


def _plain(state: str, choice: Choice, root: int, settings: Settings) -> None:
    """The copy, and the list of what was put there."""
    place = os.path.join(state, "disk", "tree")
    os.mkdir(place, 0o700)
    tree = os.open(place, FOLDER)
    copied, base = [], []
    maker = making.Maker(tree, lambda descriptor, _: making.give(descriptor, settings.uid, settings.gid))
    limits.open_files()
    try:
        for path in [path for path in sorted(choice.folders) if path]:
            maker.folder(path)
        for path, _ in choice.taken:
            folder, _, name = path.rpartition(b"/")
            try:
                source = open_below(root, folder)
                try:
                    of_base, of_copy = making.copy_file(source, name, maker.folder(folder), settings.uid, settings.gid)
                finally:
                    os.close(source)
            except (Unread, FileNotFoundError) as unread:
                choice.left[path] = unread.kind if isinstance(unread, Unread) else "changing"
                continue
            base.append((path, of_base))
            copied.append((path, of_copy))
        for path in choice.history:
            histories.copy(root, settings.project, path, maker, (settings.uid, settings.gid))
        # Times and modes last, the deepest first: writing into a folder changes them.
        for path in sorted(choice.folders, reverse=True):
            made, was = maker.folder(path), choice.folders[path]
            making.give(made, settings.uid, settings.gid)
            os.fchmod(made, stat.S_IMODE(was.st_mode) & 0o777 | 0o700)
            os.utime(made, ns=(was.st_atime_ns, was.st_mtime_ns))
    finally:
        maker.close()
        os.close(tree)
    choice.taken = base
    records.write(os.path.join(state, "copied.list"), records.join(copied), durable=True)
    os.sync()


# Why something is left out, where the word alone does not say it.
TOLD = {"elsewhere": "git, whose history is in another repository"}


def told(choice: Choice) -> str:
    """What was taken and left out, for people."""
    lines = [f"{len(choice.taken)} files and links were taken"]
    for why in sorted(set(choice.left.values())):
        paths = sorted(path for path, reason in choice.left.items() if reason == why)
        shown = ", ".join(words.path(path) for path in paths[:5])
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        lines.append(f"left out ({TOLD.get(why, why)}): {shown}{more}")
    return "\n".join(lines) + "\n"
