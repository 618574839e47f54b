"""How a path may be spelled in a text whose every path counts: quoted, escaped, after a variable, from any folder.

Which folder it is taken from is not asked: `cd`, a setting called cwd, and a program's own rules all say so, each in
its own manner. So a path is known by its end. What stands before a variable or a `..` says nothing of where it leads.
"""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

from project.wanted import key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = rb"""\$\{[^}\n]{0,200}\}|\$\([^)\n]{0,200}\)|\$\w+|%\w+%"""
VARIABLE = re.compile(_VARIABLE)
# What a shell takes for one word: variables, quoted parts and escaped characters among it. Within a document's own
# quotes there may be whole commands, so that these are read once more for themselves.
_PART = rb"""\$\{[^}\n]{0,200}\}|\$\([^)\n]{0,200}\)|\\[^\n]|[^\s"'`;|&()<>\\]"""
WORD = re.compile(rb"(?:" + _PART + rb""")+""")
QUOTED = re.compile(rb"(?:" + _PART + rb"""|"[^"\n]{0,200}"|'[^'\n]{0,200}')+""")
PIECE = re.compile(rb"[=:,]")
MARKS = re.compile(rb"""["'\\]""")
OPTION = re.compile(rb"^-+(?:\w(?=[./~$]))?")
# The values of a path that programs are looked for in.
_VALUE = rb"""("[^"\n]*"|'[^'\n]*'|\[[^\]]{0,2000}\]|(?:""" + _VARIABLE + rb"""|[^\s;&|)"'])+)"""
PROGRAMS = re.compile(
    rb"""(?:\bPATH["']?[ \t]*[:+?]?=[ \t]*|^[ \t-]*["']?PATH["']?:[ \t]*|\b_\.path["']?\s*=\s*)""" + _VALUE + rb"|"
    rb"""(?:\bPATH_add|\bpath_add[ \t]+\w+|\bfish_add_path|\brun-parts|\bset[ \t]+(?:-\w+[ \t]+)*PATH)"""
    rb"""[ \t]+([^\n;|&#]+)""",
    re.MULTILINE,
)
HERE = frozenset((b".", b"./", b"$PWD", b"${PWD}", b"$(pwd)", b"${workspaceFolder}"))
# A program is given a folder, and runs what it takes for its beginning.
STARTS = re.compile(
    rb"""(?:^|(?<=[\s"'`;|&(/]))(?:node|bun|deno|tsx|ts-node|python[\d.]*)[ \t]+(?:-\S+[ \t]+)*"""
    rb"""(["']?\.\.?/?(?=[\s"'`;|&)]|$))?""",
    re.MULTILINE,
)
BEGINNINGS = ("index", "__main__")
# A pattern counts where what it finds is run: in a loop, or after a word that loads.
LOOP = re.compile(rb"\bfor[ \t]+\w+[ \t]+in[ \t]+(?![ \t])([^\n;]{1,500})[\n;]\s*do\b")
LOADED = re.compile(
    rb"""(?:^|[\s"'`;|&(])(?:source|source_env|\.|(?:sh|bash|zsh|dash|node|python[\d.]*|ruby|perl)(?:[ \t]+-\S+)*)"""
    rb"""[ \t]+["']?((?:""" + _PART + rb")+)",
    re.MULTILINE,
)
MOVES = re.compile(rb"\b(?:cd|chdir|pushd|cwd|working[-_]?directory)\b", re.IGNORECASE)
# Patterns of one text that are looked at: no honest one has more.
PATTERNS = 200


@lru_cache(maxsize=4)
def words(text: bytes) -> tuple[bytes, ...]:
    """What may be a path in a text, and what of it may be one."""
    seen: dict[bytes, None] = {}
    for found in dict.fromkeys((*WORD.findall(text), *QUOTED.findall(text))):
        word = _plain(found)
        seen[word] = None
        if PIECE.search(found):
            seen.update(dict.fromkeys((*PIECE.split(word), *(piece.rstrip(b"}") for piece in PIECE.split(found)))))
    return tuple(dict.fromkeys(OPTION.sub(b"", word) for word in seen if 0 < len(word) <= 1024))


def ends(word: bytes, project: bytes) -> tuple[str, str]:
    """The end of a path that a word is, from any folder, and from the project's own; each may be empty.

    `project` is what the project's folder is called: what follows it in a word may be a path from there.
    """
    parts = [part for part in word.replace(b"\\", b"/").split(b"/") if part not in (b"", b".")]
    unknown = [at for at, part in enumerate(parts) if part == b".." or part.startswith(b"~") or VARIABLE.search(part)]
    rooted = word.startswith((b"/", b"~")) or bool(unknown)
    parts = parts[unknown[-1] + 1 :] if unknown else parts
    after = parts[parts.index(project) + 1 :] if rooted and project in parts else []
    return key(b"/".join(parts)), key(b"/".join(after))


def programs(text: bytes) -> Iterator[bytes]:
    """The folders in which all is run by name; the empty one is where the text is read from."""
    for one, two in PROGRAMS.findall(text):
        for part in re.split(rb"""(?<!\{env):|[\s,"'\[\]]+""", one or two):
            if part in HERE:
                yield b""
            elif part.strip(b"./"):
                yield part


def starts(text: bytes) -> bool:
    """Whether a program is given a folder to begin in."""
    return any(STARTS.findall(text))


def moves(text: bytes) -> bool:
    """Whether a text goes to another folder, so that its paths may be taken from there."""
    return MOVES.search(text) is not None


def patterns(text: bytes) -> Iterator[re.Pattern[str]]:
    """The patterns whose files are run."""
    listed = [word for match in LOOP.findall(text) for word in match.split()]
    for word in dict.fromkeys((*listed, *LOADED.findall(text)[:PATTERNS])):
        found = _pattern(_plain(word))
        if found is not None:
            yield found


def _pattern(word: bytes) -> re.Pattern[str] | None:
    """What a word with wildcards covers, from any folder; None where it has none, or says nothing else."""
    loose = re.sub(_VARIABLE + rb"|\{[^}]{0,200}\}|\[[^\]]{0,200}\]|\?", b"*", word)
    parts = [part for part in loose.split(b"/") if part not in (b"", b".")]
    known = [at for at, part in enumerate(parts) if part in (b"..", b"*")]
    # What stands first and may be anything is a folder, and any folder counts.
    while known and known[0] == 0 and len(parts) > 1:
        parts = parts[1:]
        known = [at for at, part in enumerate(parts) if part in (b"..", b"*")]
    text = key(b"/".join(parts))
    if "*" not in text or not ("/" in text or "." in text) or not text.strip("*./"):
        return None
    return re.compile("(?:^|/)" + fnmatch.translate(text)) if len(text) <= 1024 else None


def _plain(word: bytes) -> bytes:
    """A word without its quotes, and with what is escaped as it is."""
    if not MARKS.search(word):
        return word
    return re.sub(rb"""\\(.)|["']""", lambda found: found[1] or b"", word)
