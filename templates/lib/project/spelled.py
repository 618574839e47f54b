"""How a path may be spelled in a text whose every path counts: quoted, escaped, after a variable, from any folder.

Which folder it is taken from is not asked: `cd`, a setting called cwd, and a program's own rules all say so, each in
its own manner. So a path is known by its end. What stands before a variable or a `..` says nothing of where it leads.
"""

from __future__ import annotations

import re
from functools import lru_cache

from project.wanted import key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = rb"""\$\{[^}\n]{0,200}\}|\$\([^)\n]{0,200}\)|\$\w+|%\w+%"""
VARIABLE = re.compile(UNKNOWN)
# What a shell takes for one word: variables, quoted parts and escaped characters among it. Within a document's own
# quotes there may be whole commands, so that these are read once more for themselves.
PART = rb"""\$\{[^}\n]{0,200}\}|\$\([^)\n]{0,200}\)|\\[^\n]|[^\s"'`;|&()<>\\]"""
WORD = re.compile(rb"(?:" + PART + rb""")+""")
QUOTED = re.compile(rb"(?:" + PART + rb"""|"[^"\n]{0,200}"|'[^'\n]{0,200}')+""")
PIECE = re.compile(rb"[=:,]")
MARKS = re.compile(rb"""["'\\]""")
OPTION = re.compile(rb"^-+(?:\w(?=[./~$]))?")
# The values of a path that programs, or modules, are looked for in: whatever is called so.
_VALUE = rb"""("[^"\n]*"|'[^'\n]*'|\[[^\]]{0,2000}\]|(?:""" + UNKNOWN + rb"""|[^\s;&|)"'])+)"""
PATHS = re.compile(
    rb"""(\b[A-Z_]{0,40}PATH|\bRUBYLIB|\bPERL5LIB)(?:["']?[ \t]*[:+?]?=[ \t]*|["'][ \t]*:[ \t]*|:[ \t]+)"""
    + _VALUE
    + rb"""|(\b_\.path)["']?[ \t]*=[ \t]*"""
    + _VALUE
)
ADDED = re.compile(
    rb"""(?:\bPATH_add|\bpath_add[ \t]+\w+|\bfish_add_path|\bload_prefix|\brun-parts|\bset[ \t]+(?:-\w+[ \t]+)*PATH"""
    rb"""|\buse[ \t]+(?:lib|blib|local::lib))[ \t]+([^\n;|&#]+)"""
)
# Perl's and Ruby's options for it, also at the end of several letters, and who knows them.
OPTIONS = re.compile(
    rb"""(?<![\w-])-(?:M(?:lib|blib|local::lib)(?:=([^\s;|&]+)|[ \t]+([^\n"';|&]+))|[A-Za-z]{0,8}I[ \t]?([^\s;|&]+))"""
)
OF_OPTIONS = re.compile(
    rb"\b(?:\w{0,20}(?:perl|ruby)[\d.]*|prove|yath|irb|pry|rspec|rake|erb|plackup|starman|starlet|twiggy|morbo|hypnotoad"
    rb"|PERL5OPT|RUBYOPT)\b|-M(?:b?lib|local::lib)\b"
)
# The folders that two of these options mean by themselves.
OWN = re.compile(
    rb"\b(?:prove|yath)\b[^\n;|&]{0,200}?[ \t\"']-(?:[a-z]{0,8}([lb])[a-z]{0,8}|-(b?lib))\b(?![=:])|-M(blib)\b(?!=)"
)
LISTS = re.compile(rb"\bqw[ \t]*[(\[{<|/!]")
# Where options and the program that they are for are told apart, they stand on lines of their own.
APART = re.compile(rb"""\b(?:args|arguments|argv|runtimeArgs)["']?[ \t]*[:=]""")
# A file of more arguments, and who takes one.
GIVEN = re.compile(rb"""(?<=[\s"'])@([^\s"'`;|&()<>@]+)""")
GIVEN_TO = re.compile(
    rb"\b(?:java[cw]?|javadoc|jar|jlink|jpackage|kotlinc?|scalac?|groovy|g?cc|[gc]\+\+|clang|cl|ld|lld|link|ar|rustc|ghc"
    rb"|swiftc|gfortran|nvcc|msbuild|csc|pytest|[gc]?make)(?:[-.]?[\d.]+|\.exe)?(?![\w-])"
)
# A service's file of such folders.
WRITTEN = re.compile(
    rb"""^(.*)(?:>>?|\b(?:tee|Out-File|Add-Content)\b[^\n|;$]{0,80})[ \t]{0,9}["']?\$(?:\{|env:)?[A-Z_]{0,40}_PATH\b"""
)
SAYS = re.compile(rb"^.*?\b(?:echo|printf|Write-Output|Add-Content)[ \t]+")
# direnv: a language's layout has programs in this folder.
LAYOUT = re.compile(rb"\blayout[ \t]+\w+")
# Variables of which all counts that lies in their folders; of the others, what Python takes for a known module.
EVERYTHING = frozenset(
    b"PATH NODE_PATH RUBYLIB PERL5LIB GEM_PATH CLASSPATH LUA_PATH LUA_CPATH _.path LD_LIBRARY_PATH DYLD_LIBRARY_PATH "
    b"CMAKE_MODULE_PATH FPATH".split()
)
WILD = re.compile(rb"/[^/*?]*[*?]")
HERE = frozenset((b".", b"./", b"$PWD", b"${PWD}", b"$(pwd)", b"${workspaceFolder}"))
# A program is given a folder, and runs what it takes for its beginning.
STARTS = re.compile(
    rb"""(?:^|(?<=[\s"'`;|&(/]))(?:node|bun|deno|tsx|ts-node|python[\d.]*)[ \t]+(?:-\S+[ \t]+)*"""
    rb"""(["']?\.\.?/?(?=[\s"'`;|&)]|$))?""",
    re.MULTILINE,
)
BEGINNINGS = ("index", "__main__")
# What else stands for a folder: a home, what is put into a text of Python's, Ruby's, of a template or a batch file.
STANDS = (b"~", b"{", b"}", b"#{", b"%")
MOVES = re.compile(rb"\b(?:cd|chdir|pushd|cwd|working[-_]?directory)\b", re.IGNORECASE)


@lru_cache(maxsize=4)
def words(text: bytes) -> tuple[bytes, ...]:
    """What may be a path in a text, and what of it may be one."""
    seen: dict[bytes, None] = {}
    for found in dict.fromkeys((*WORD.findall(text), *QUOTED.findall(text))):
        word = plain(found)
        seen[word] = None
        if PIECE.search(found):
            seen.update(dict.fromkeys((*PIECE.split(word), *(piece.rstrip(b"}") for piece in PIECE.split(found)))))
    for line in text.split(b"\n") if GIVEN_TO.search(text) else ():
        seen.update(dict.fromkeys(GIVEN.findall(line) if GIVEN_TO.search(line) else ()))
    return tuple(dict.fromkeys(OPTION.sub(b"", word) for word in seen if 0 < len(word) <= 1024))


def after(word: bytes) -> bytes:
    """What follows in a word the last part that cannot be known: a variable, a command, somebody's home."""
    parts = VARIABLE.sub(b"$", word).split(b"/")
    unknown = [at for at, part in enumerate(parts) if b"$" in part or part.startswith(STANDS)]
    return b"/".join(parts[unknown[-1] + 1 :]) if unknown else word


def ends(word: bytes, project: bytes) -> tuple[str, str]:
    """The end of a path that a word is, from any folder, and from the project's own; each may be empty.

    `project` is what the project's folder is called: what follows it in a word may be a path from there.
    """
    known = after(word)
    parts = [part for part in known.replace(b"\\", b"/").split(b"/") if part not in (b"", b".")]
    rooted = known != word or word.startswith((b"/", b"~")) or b".." in parts
    if b".." in parts:
        parts = parts[len(parts) - parts[::-1].index(b"..") :]
    below = parts[parts.index(project) + 1 :] if rooted and project in parts else []
    return key(b"/".join(parts)), key(b"/".join(below))


def before(word: bytes) -> str:
    """The beginning of a folder's path, where nothing is known of its end."""
    parts = VARIABLE.sub(b"$", word).split(b"/")
    while parts and (b"$" in parts[-1] or not parts[-1]):
        parts.pop()
    return ends(b"/".join(parts), b"")[0]


def searched(text: bytes) -> Iterator[tuple[bytes, bool]]:
    """The folders in which things are looked for by name, and whether all in them counts; `.` is the text's own."""
    for name, value, other, more in PATHS.findall(text):
        yield from ((part, (name or other) in EVERYTHING) for part in _folders(value or more))
    for value in ADDED.findall(text):
        yield from ((part, True) for part in _folders(value))
    if OF_OPTIONS.search(text):
        for line in [text] if APART.search(text) else text.split(b"\n"):
            found = OPTIONS.findall(line) if OF_OPTIONS.search(line) else ()
            yield from ((part, True) for values in found for part in _folders(b"".join(values)))
        for short, long, other in OWN.findall(text):
            yield b"blib" if b"b" in (short + long + other)[:1] else b"lib", True
    for line in text.split(b"\n") if b"_PATH" in text else ():
        if b"_PATH" in line and (written := WRITTEN.match(line)):
            said = SAYS.match(written[1])
            value = written[1][said.end() :] if said else written[1]
            yield from ((part, True) for part in _folders(value) if b"/" in part or said)
    if LAYOUT.search(text):
        yield b"bin", True


def _folders(value: bytes) -> Iterator[bytes]:
    """The folders of a value, of Lua's and Java's without what stands for a name."""
    for part in re.split(rb"""(?<!\{env):|[\s,;|"'\[\]]+""", LISTS.sub(b" ", value)):
        part = WILD.split(part if b"(" in part else part.rstrip(b")>!"))[0]
        if part in HERE:
            yield b"."
        elif part.strip(b"./"):
            yield part


def starts(text: bytes) -> bool:
    """Whether a program is given a folder to begin in."""
    return any(STARTS.findall(text))


def moves(text: bytes) -> bool:
    """Whether a text goes to another folder, so that its paths may be taken from there."""
    return MOVES.search(text) is not None


def plain(word: bytes) -> bytes:
    """A word without its quotes, and with what is escaped as it is."""
    if not MARKS.search(word):
        return word
    return re.sub(rb"""\\(.)|["']""", lambda found: found[1] or b"", word)
