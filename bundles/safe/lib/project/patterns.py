"""Patterns and listed folders of which a text runs, or loads, what it finds there.

A pattern counts where what it finds goes somewhere that runs it: in a loop, after a word that loads, through a pipe to
a shell. What is only looked at (a linter's files, a workflow's paths) does not.
"""

from __future__ import annotations

import fnmatch
import re

from project import spelled
from project.wanted import key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SHELL = rb"(?:(?:[\w./-]*/)?(?:sh|bash|zsh|dash|ksh|fish|node|python[\d.]*|ruby|perl|php|source|\.)(?![\w./-]))"
LOOP = re.compile(rb"\bfor[ \t]+\w+[ \t]+in[ \t]+(?![ \t])([^\n;]{1,500})[\n;]\s*(?:#[^\n]{0,200}\n\s*){0,9}do\b")
LOADED = re.compile(
    rb"""(?:^|[\s"'`;|&(])(?:source_env|""" + _SHELL + rb"""(?:[ \t]+-\S+)*)[ \t]+["']?((?:""" + spelled.PART + rb")+)",
    re.MULTILINE,
)
# A line that runs, or loads, what the patterns on it find.
LOADS = re.compile(
    rb"\beval\b|\|[ \t]*(?:while\b|(?:xargs[^|\n]{0,200}[ \t])?"
    + _SHELL
    + rb")|-exec(?:dir)?[ \t]+"
    + _SHELL
    + rb"|^[ \t]*[-s]?include[ \t]|(?<![\w-])(?:(?:load|require)[ \t(]|import(?:\.meta\.glob|\())"
)
# Who is given the very files that a folder has: in their place, as a row, or one after the other.
GIVEN = re.compile(
    rb"""-exec(?:dir)?[ \t]+"""
    + _SHELL
    + rb"""[ \t]+(?:-[^\sce]+[ \t]+)*["']?\{\}|\|[ \t]*(?:xargs\b[^|\n;]{0,200}[ \t]"""
    + _SHELL
    + rb"""(?:[ \t]+-[^\sce]+)*(?:[ \t]+["']?\{\}|[ \t]*(?=$|[;|&)"'`\n]))|while\b[^|]{0,300}?[ \t\n;(]"""
    + _SHELL
    + rb"""[ \t]+["']?\$)|(?:-x|-X|--exec(?:-batch)?)[ \t]+"""
    + _SHELL
    + rb"""(?=$|[\s;|&)"'`])"""
)
FOLDERS = re.compile(rb"\b(find|fdfind|fd|ls)[ \t]+([^\n;|&()<>]{1,400})")
# Keys of a service's and an assistant's file whose patterns it reads more of the same by.
READS = re.compile(rb"""(?<![\w-])(?:include|local|instructions)["']?[ \t]*:""")
# One word of a list that goes over several lines.
ITEM = re.compile(rb"""[ \t]*(?:-[ \t]+)?["']?[^\s"':=]+["']?,?[ \t\r]*""")
WILD = re.compile(rb"[*?]|\[[^\[\]\s]{1,50}\]")
WORD = re.compile(rb"""[^\s"'`;|&()<>\\]+""")
# Who lists a folder, in a text that loads what has no fixed name.
LISTS = re.compile(
    rb"\b(?:r?glob|iglob|listdir|scandir|iterdir|readdir(?:Sync)?|opendir|walk|Dir|iter_modules|require_tree|context)\b"
)
LOADS_ANY = re.compile(
    rb"\(require\)|\b(?:require|import)\((?![ \t]*[\"'`])|\brequire(?:_relative)?[ \t]+[a-z_]+\b(?![\"'/])"
    rb"|import_module|spec_from_file|SourceFileLoader|\brunpy\b|\bexec\("
)
QUOTED = re.compile(rb"[\"'`]([^\"'`\n]{1,200})[\"'`]")
# Patterns of one text that are looked at: no honest one has more.
MOST = 200


def found(text: bytes, kind: str) -> Iterator[tuple[bytes, bytes]]:
    """A folder's end and a name's pattern for each; without a folder, it is a pattern for the whole end of a path."""
    for word in dict.fromkeys(LOADED.findall(text)):
        yield b"", word
    for listed in LOOP.findall(text):
        yield from _of_line(listed)
    head, lists = b"", LOADS_ANY.search(text) is not None
    for line in text.split(b"\n") if WILD.search(text) else ():
        item = ITEM.fullmatch(line) is not None
        head = head if item else line
        reads = kind in ("ci", "agent") and READS.search(head)
        if WILD.search(line) and (reads or LOADS.search(head) or (lists and LISTS.search(line))):
            yield from _of_line(line)


def listed(text: bytes) -> Iterator[bytes]:
    """The folders that a text lists to load what is there, or to have all of it run."""
    for line in re.split(rb"\n(?![ \t])", text) if GIVEN.search(text) else ():
        if GIVEN.search(line) and not WILD.search(line):
            yield from (folder for program, rest in FOLDERS.findall(line) for folder in _given(program, rest))
    if LOADS_ANY.search(text) and LISTS.search(text):
        for line in text.split(b"\n"):
            if LISTS.search(line) and not WILD.search(line):
                yield from QUOTED.findall(line)


def _given(program: bytes, rest: bytes) -> Iterator[bytes]:
    """The folders that a program which lists files is given; find's stand before all that it asks of them."""
    first = True
    for word in rest.split():
        if word in (b"-x", b"-X", b"--exec", b"--exec-batch"):
            return
        if not word.startswith(b"-"):
            first = False
            yield word
        elif program == b"find" and not (first and word[1:2].isupper()):
            return


def compiled(word: bytes) -> re.Pattern[str] | None:
    """What a word with wildcards covers, from any folder; None where it has none, or says nothing else."""
    loose = re.sub(spelled.UNKNOWN + rb"|\{[^}]{0,200}\}|\[[^\]]{0,200}\]|\?", b"*", spelled.plain(word))
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


def _of_line(line: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The patterns on a line; one of a bare name is for the folders that stand on it."""
    words = dict.fromkeys(WORD.findall(line))
    for word in words:
        if WILD.search(word) is None:
            continue
        yield b"", word
        if b"/" not in word:
            yield from ((folder, word) for folder in words if WILD.search(folder) is None)
