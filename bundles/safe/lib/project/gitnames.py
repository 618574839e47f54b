"""What git runs, or reads what to run from, on the host: the files of its settings and hooks, and the paths in them.

Git itself is not asked: it would obey what it reads.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from project.links import read
from project.repository import Repository, content

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Settings whose whole value is a path, and which cover all that is below a folder.
PATHS = frozenset(
    re.findall(
        r"\S+",
        "core.hookspath core.attributesfile include.path includeif.path init.templatedir commit.template mailmap.file "
        "blame.ignorerevsfile diff.orderfile core.askpass http.cookiefile gpg.ssh.allowedsignersfile",
    )
)
# Settings that name addresses, branches and places, and nothing that is run or read.
ADDRESSES = frozenset(
    re.findall(
        r"\S+",
        "remote.url remote.pushurl remote.fetch remote.push submodule.url submodule.path submodule.active "
        "url.insteadof url.pushinsteadof branch.merge branch.remote safe.directory maintenance.repo core.worktree "
        "core.excludesfile gui.recentrepo user.name user.email",
    )
)
# An address of which a program is run, `ext::sh% -c% x`, is no address alone; a per cent sign escapes what follows.
HELPER, PERCENT = re.compile(rb"\s*[\w+.-]+::"), re.compile(rb"%.?")
LARGEST = 1 << 20
DEEPEST = 10
WORD = re.compile(rb"""[^\s"'`;|&()<>=,:{}\\]+""")
LINE = re.compile(rb'\s*(?:\[\s*([\w.-]+)(?:\s*"((?:[^"\\]|\\.)*)")?\s*\]|([A-Za-z][\w-]*)\s*(?:=(.*))?$)')
VARIABLE = re.compile(rb"\$\w*/")


@dataclass(frozen=True)
class Named:
    """A path in a setting or a hook of git's: relative ones are taken from `base`. `below` counts all that it holds.

    `text` is what is run there, which may name more: a hook's content, or a setting.
    """

    path: bytes
    base: bytes
    by: str
    kind: str = "git"
    below: bool = False
    text: bytes = b""


def of_project(root: bytes, folders: Iterable[bytes]) -> list[Named]:
    """All that git's files name for a project, the repositories in these folders of it, and the one that it is in."""
    repositories = [Repository.of(os.path.join(root, folder), False) for folder in folders]
    known = {each.gitdir: each for each in (Repository.of(root), *repositories) if each is not None}
    found: list[Named] = []
    for repository in known.values():
        found += of_repository(repository)
        for file in users_configs():
            found += of_config(file, os.path.abspath(repository.top))
    return found


def of_repository(repository: Repository) -> Iterator[Named]:
    """All that a repository's own files name."""
    top = os.path.abspath(repository.top)
    folders = dict.fromkeys(os.path.abspath(folder) for folder in (repository.gitdir, repository.common))
    for folder in folders:
        # Where it is not called .git, its files are nothing but names in a project.
        yield Named(folder, b"/", "the repository's .git", below=True)
        for name in (b"config", b"config.worktree"):
            yield from of_config(os.path.join(folder, name), top)
        yield from _of_hooks(os.path.join(folder, b"hooks"), top)
        yield from _of_links(folder)


def users_configs() -> list[bytes]:
    """The settings that every repository of this user obeys."""
    home = os.path.expanduser(b"~")
    xdg = os.environb.get(b"XDG_CONFIG_HOME") or os.path.join(home, b".config")
    own = os.environb.get(b"GIT_CONFIG_GLOBAL")
    places = [own] if own else [os.path.join(home, b".gitconfig"), os.path.join(xdg, b"git", b"config")]
    return [*places, os.environb.get(b"GIT_CONFIG_SYSTEM") or b"/etc/gitconfig"]


def of_config(file: bytes, top: bytes, depth: int = 0) -> Iterator[Named]:
    """The paths that a file of settings names, and those that it includes; conditions count as met."""
    for key, value in settings(content(file, LARGEST)):
        by = f"{_shown(file, top)} {key}"
        plain = re.sub(r"\..*\.", ".", key)
        if plain in ADDRESSES:
            # What an address is written as stands in the name of the setting.
            value = program(value if plain.partition(".")[0] != "url" else _middle(key))
        if not value:
            continue
        below = plain in PATHS
        if not below:
            yield Named(b"", top, by, text=value)
        for word in [value] if below else words(value.lstrip(b"!")):
            for base in dict.fromkeys((top, os.path.dirname(file))):
                yield Named(_expanded(word), base, by, below=below)
        if plain == "core.hookspath":
            yield from _of_hooks(os.path.join(top, _expanded(value)), top)
        if plain in ("include.path", "includeif.path") and depth < DEEPEST:
            yield from of_config(os.path.join(os.path.dirname(file), _expanded(value)), top, depth + 1)


def program(address: bytes) -> bytes:
    """The program of an address of which one is run to get there; nothing for any other."""
    return PERCENT.sub(b" ", address) if HELPER.match(address) else b""


def _middle(key: str) -> bytes:
    """The subsection in a setting's name."""
    return key.partition(".")[2].rpartition(".")[0].encode("utf-8", "replace")


def settings(text: bytes) -> Iterator[tuple[str, bytes]]:
    """The settings of a file: `section.subsection.key`, folded but for the subsection, and the value."""
    section = ""
    for line in re.sub(rb"\\\r?\n", b"", text).splitlines():
        at = 0
        while found := LINE.match(line, at):
            head, sub, key, value = found.groups()
            if head is None:
                if key:
                    name = f"{section}.{key.decode('ascii').lower()}"
                    yield name, _value(value or b"")
                break
            section = head.decode("ascii", "replace").lower() + (f".{sub.decode('utf-8', 'replace')}" if sub else "")
            at = found.end()


def words(text: bytes) -> Iterator[bytes]:
    """What in a command, or in a script, may be a path: `$(...)/x` and `$TOP/x` may be one of the project's."""
    for found in WORD.finditer(text):
        word = found.group()
        if word.startswith(b"$"):
            word = VARIABLE.sub(b"", word, count=1)
        yield word
        if word.startswith(b"/"):
            yield word.lstrip(b"/")


def _value(text: bytes) -> bytes:
    parts, quoted = [], False
    for piece in re.findall(rb'\\.|"|[#;]|[^\\"#;]+', text):
        if piece == b'"':
            quoted = not quoted
        elif piece in (b"#", b";") and not quoted:
            break
        else:
            parts.append({b"\\n": b"\n", b"\\t": b"\t"}.get(piece, piece[1:] if piece[:1] == b"\\" else piece))
    return b"".join(parts).strip()


def _of_hooks(folder: bytes, top: bytes) -> Iterator[Named]:
    for name in _names(folder):
        if name.endswith(b".sample"):
            continue
        place = os.path.join(folder, name)
        by, text = _shown(place, top), content(place, LARGEST)
        # It may be a link, in a folder that is none of the project's.
        yield Named(place, b"/", by, "hook", below=True, text=text)
        for word in dict.fromkeys(words(text)):
            yield Named(word, top, by, "hook")


def _of_links(folder: bytes) -> Iterator[Named]:
    """What links in git's own folder lead to; its objects are none."""
    waiting = [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        for name in _names(here):
            path = os.path.join(here, name)
            target = read(path)
            if target is not None:
                yield Named(target, here, f"the link {_shown(path, folder)}", "hook", below=True)
            elif depth < DEEPEST and name not in (b"objects", b"refs", b"logs", b"lfs", b"modules", b"worktrees"):
                waiting.append((path, depth + 1))


def _names(folder: bytes) -> list[bytes]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _expanded(path: bytes) -> bytes:
    return os.path.expanduser(path) if path.startswith(b"~") else path


def _shown(path: bytes, top: bytes) -> str:
    from project import words as shown

    return shown.path(os.path.relpath(path, top) if path.startswith(top.rstrip(b"/") + b"/") else path)
