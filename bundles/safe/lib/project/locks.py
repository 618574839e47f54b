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
NEW = Reason("packages", "it is new, so nothing tells which hosts it may name")
UNREAD = Reason("packages", "it is too large, or no file, so the hosts in it are not compared")
# An address: scheme, host and path; git's own short one as well.
ADDRESS = re.compile(
    rb"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,30})://(?:[^\s/@\"']{0,400}@)?([^\s/:\"'#?]+)(?::\d{1,5})?([^\s\"'#?,)\]}]{0,400})"
    rb"|\b(git)@([^\s:/@]{1,260}):([^\s\"'#?,)\]}]{0,400})",
    re.IGNORECASE,
)
# A module of Go's, by its path; what npm and Nix write for repositories of some hosts; a user's package of Conan's.
OF_GO = re.compile(rb"^([\w-]+(?:\.[\w-]+)+)(/\S+) v", re.MULTILINE)
SHORT = re.compile(rb"\b(?:github|gitlab|bitbucket|gist|sourcehut):[\w.-][\w./-]*", re.IGNORECASE)
# Of git's own: a program is run to get there.
HELPER = re.compile(
    rb"""\b(?:ext|fd|hg|bzr|svn|gcrypt|codecommit|s3|https?|file|git|ssh)::[^"'\n]{0,400}""", re.IGNORECASE
)
OF_CONAN = re.compile(rb"@([\w.+-]{1,100}/[\w.+-]{1,100})(?=[#\"])")
# Hosts where anybody keeps what they like: there the host says nothing, and whose it is counts.
SHARED = re.compile(
    rb"github|gitlab|bitbucket|codeberg|gitea|(?:^|\.)sr\.ht$|azure|visualstudio|sourceforge|deno\.land|esm\.sh|jsdelivr|unpkg"
    rb"|amazonaws|googleapis|huggingface"
)
# So much of a path says whose it is, and what.
WHOSE = 3
# What is fetched from no address: files and folders of this machine, and owners of repositories, by the word before.
LOCAL = re.compile(
    rb"""(?<![\w+])(?:(?:file|link|portal|exec):[^\s"',}\])]+|workspace:[\w.][^\s"',}\])]*"""
    rb"""|["']?(?:path|directory|editable|virtual|remote|tarball|url|resolved|location|subdirectory|owner|repo|host)["']?"""
    rb"""\s*(?:[:=]\s*|\s)["']?(?!true|false|null|\[|\{)"""
    rb"""(?![a-z][a-z0-9+.-]*:)(?:\.{0,2}/|[\w@.-])[^\s"',}\])]*)""",
    re.IGNORECASE,
)
# Yarn's patches, but for its own: a file of the project.
PATCH = re.compile(rb"\bpatch:[^\s\"#]{0,300}#(?!(?:optional!)?(?:~?builtin))([^\s\"]+)", re.IGNORECASE)


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
    if change.old is None:
        return [NEW]
    fresh = sorted(new - old)
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
    found |= {_place(host.lower(), path) for host, path in OF_GO.findall(content)}
    found |= {word.lower() for word in (*SHORT.findall(content), *HELPER.findall(content))} | set(
        OF_CONAN.findall(content)
    )
    # Each of them counts: what is in a file of this project, nobody but this project has made.
    return found | set(LOCAL.findall(content)) | {b"patch " + file for file in PATCH.findall(content)}


def _address(*words: bytes) -> bytes:
    """Where something comes from; a repository of a host is something else than what a registry there has."""
    scheme, host, path, git, of_git, path_of_git = words
    by_git = git or scheme.lower().startswith((b"git", b"ssh", b"svn", b"hg"))
    return (b"git " if by_git else b"") + _place((host or of_git).lower(), path or path_of_git, whole=bool(by_git))


def _place(host: bytes, path: bytes, *, whole: bool = False) -> bytes:
    """A host, and what of a path says whose something is: of a registry all is its own."""
    if not whole and not SHARED.search(host):
        return host
    parts = [part.partition(b"@")[0].removesuffix(b".git") for part in path.split(b"/") if part]
    return b"/".join((host, *parts[:WHOSE])).lower()
