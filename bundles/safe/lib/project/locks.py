"""Lock files: which of them say no more than what their manifests ask for, as far as that can be told."""

from __future__ import annotations

import re

from project import asking, risky, spelling
from project.host import split
from project.risky import Reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from project.data import Change, Entry
    from project.tree import Tree

LARGEST = 16 << 20
ALONE = Reason("packages", "no manifest that it follows from asks for something else than before")
UNREAD = Reason("packages", "it is too large, or no file, so the hosts in it are not compared")
ADDRESS = re.compile(
    rb"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,30})://(?:[^\s/@\"']{0,400}@)?([^\s/:\"'#?]+)"
    rb"|\b(git)@([^\s:/@]{1,260}):",
    re.IGNORECASE,
)
# The first part of the path of a module of Go's; and what npm writes for repositories of some hosts.
OF_GO = re.compile(rb"^([\w-]+(?:\.[\w-]+)+)/\S+ v", re.MULTILINE)
SHORT = re.compile(rb"\b(github|gitlab|bitbucket|gist):[\w.-]", re.IGNORECASE)
# What is fetched from no host: files and folders of this machine, in the words of each package manager.
LOCAL = re.compile(
    rb"""(?<![\w+])(?:(?:file|link|portal|exec):[^\s"',}\])]+"""
    rb"""|["']?(?:path|directory|editable|remote|tarball|url|resolved)["']?\s*(?:[:=]\s*|\s)["']?(?!true|false|null|\[|\{)"""
    rb"""(?![a-z][a-z0-9+.-]*:)(?:\.{0,2}/|[\w@.-])[^\s"',}\])]*)""",
    re.IGNORECASE,
)


def held(changes: Sequence[Change], tree: Tree) -> dict[bytes, list[Reason]]:
    """Held back as packages are, too: a lock file that changes by itself, or names a host that it did not name."""
    locks = [change for change in changes if change.new and follows(change.path)]
    found: dict[bytes, list[Reason]] = {}
    for change in locks:
        alone = [] if _manifest_changed(change.path, changes, tree) else [ALONE]
        if why := [*alone, *_hosts(change, tree)]:
            found[change.path] = why
    return found


def looked_into(changes: Sequence[Change]) -> list[Entry]:
    """What of the changes is read."""
    locks = [change for change in changes if change.new and follows(change.path)]
    read = [*locks, *(each for lock in locks for each in manifests(lock.path, changes))]
    return [entry for change in read for entry in (change.old, change.new) if entry and entry.size <= LARGEST]


def follows(path: bytes) -> tuple[str, ...]:
    """The patterns of the manifests that a lock file follows from; none where it is no lock file."""
    folded = spelling.folded(split(path)[1])
    if not any(reason.kind == "lock" for reason in risky.of_component(folded)):
        return ()
    rules = risky.rules_of(folded)
    return next((rule.follows for rule in rules if rule.kind == "lock"), ())


def manifests(path: bytes, changes: Iterable[Change]) -> list[Change]:
    """The manifests beside a lock file that change, and those below it: of a workspace, which has one lock file."""
    folder, patterns = split(path)[0], [pattern.split("*") for pattern in follows(path)]
    below = (each for each in changes if not folder or each.path.startswith(folder + b"/"))
    return [each for each in below if any(_is(spelling.folded(split(each.path)[1]), one) for one in patterns)]


def _manifest_changed(path: bytes, changes: Sequence[Change], tree: Tree) -> bool:
    """Whether a manifest asks for something else: another word in its description is no reason to fetch anything."""
    return any(asking.changed(each.old, each.new, tree.blob) for each in manifests(path, changes))


def _is(name: str, parts: list[str]) -> bool:
    return name == parts[0] if len(parts) == 1 else risky.matches(parts, name)


def _hosts(change: Change, tree: Tree) -> list[Reason]:
    """Why the hosts in a lock file are worth a look."""
    old, new = (_named(entry, tree) for entry in (change.old, change.new))
    if old is None or new is None:
        return [UNREAD]
    fresh = sorted(new - old) if change.old else []
    # It is text from inside, and is not shown: the difference has it, escaped.
    what = "host(s), or files and repositories to install,"
    return [Reason("packages", f"it names {len(fresh)} {what} that it did not name before")] if fresh else []


def _named(entry: Entry | None, tree: Tree) -> set[bytes] | None:
    if entry is None:
        return set()
    if entry.mode not in risky.FILES or entry.size > LARGEST:
        return None
    content = tree.blob(entry.oid)
    found = {_address(*words) for words in ADDRESS.findall(content)}
    found |= {host.lower() for host in OF_GO.findall(content)} | {host.lower() for host in SHORT.findall(content)}
    # Each of them counts: what is in a file of this project, nobody but this project has made.
    return found | set(LOCAL.findall(content))


def _address(scheme: bytes, host: bytes, git: bytes, of_git: bytes) -> bytes:
    """A host; a repository there is something else than what a registry there has."""
    by_git = git or scheme.lower().startswith((b"git", b"ssh", b"svn", b"hg"))
    return (b"git " if by_git else b"") + (host or of_git).lower()
