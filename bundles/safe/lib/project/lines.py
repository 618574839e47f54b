"""How a text is read whose lines go on: in one line what a shell, YAML or JSON takes for one.

Whoever looks for something in lines is given a text twice, as it is and so. A shell's line goes on after a backslash
or a pipe, a scalar of YAML's below its key, and a list of words is a row of them, as a shell has it.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = (b".json", b".jsonc", b".json5", b".yml", b".yaml", b".toml", b".code-workspace")
YAML = (b".yml", b".yaml", b".clang-format")
# A shell's, PowerShell's and a batch file's mark that a line goes on.
MARK = re.compile(rb"(?:\\|[ \t][`^])$")
REMARK = re.compile(rb"(?:^|[ \t])#")
# What joins commands: a line cannot end there, nor begin. A `|` of YAML's says that the lines below are to stay.
ENDS = (b"|", b"|&", b"&&")
BEGINS = (b"| ", b"|& ", b"|| ", b"&& ")
KEPT = re.compile(rb"(?:^|[:-][ \t]+)\|[-+\d]{0,2}$")
FOLDS = re.compile(rb"(?:^|[:-][ \t]+)>[-+\d]{0,2}$")
DASHES = re.compile(rb"[ \t]*(?:-[ \t]+)*")
# A line of YAML's that is none of the scalar before it.
FRESH = re.compile(rb"""[ \t]*(?:$|#|%|---|\.\.\.|-(?:[ \t]|$)|(?:[^\s"':]+|"[^"]*"|'[^']*')[ \t]*:(?:[ \t]|$))""")
ITEM = re.compile(rb"""[ \t]*-[ \t]+(?:"([^"\s]+)"|'([^'\s]+)'|([^\s"'#&*!|>{}\[\]:][^\s"':]*))$""")
ARGUMENTS = re.compile(rb"""["']?(?:args|arguments|argv|runtimeArgs)["']?[ \t]*[:=]""")
ASIDE = re.compile(rb"""(?<=[\w.)}])["']?[ \t]{0,8},?[ \t]{0,8}(?<!\w)""" + ARGUMENTS.pattern)
LIST = re.compile(rb"([:=(,]\s*)\[([^\[\]{}]*)\]")
WORDS = re.compile(rb""""[^"]*"|'[^'\n]*'|[^\s,"']+""")


def readings(path: bytes, text: bytes) -> Iterator[bytes]:
    """A text as it is, and where that is another, with each line whole."""
    yield text
    document = path.lower().endswith(DOCUMENT) or text.lstrip()[:1] == b"{"
    whole = joined(
        _spread(text) if text.lstrip()[:1] == b"{" else text, yaml=path.lower().endswith(YAML), document=document
    )
    whole = ASIDE.sub(b" ", LIST.sub(_row, whole)) if document else whole
    if whole != text.replace(b"\r\n", b"\n"):
        yield whole


def _spread(text: bytes) -> bytes:
    """A text of JSON's in whose strings the lines of commands, and quotes, are as a shell has them."""
    return text.replace(b"\\\\\\n", b"\\\n").replace(b"\\n", b"\n").replace(b'\\"', b"'")


def joined(text: bytes, *, yaml: bool = False, document: bool = False) -> bytes:
    """A text in which each line that goes on is one with the next."""
    found: list[bytes] = []
    # What stands before the next line; the columns of the keys whose scalar is folded, or keeps its lines.
    apart, folds, keeps, listed = b"", -1, -1, False
    for line in text.split(b"\n"):
        line = line.rstrip(b"\r")
        bare = line.strip()
        column = len(line) - len(line.lstrip())
        if folds >= 0 and bare and column <= folds:
            folds, apart = -1, b"\n"
        keeps = keeps if not bare or column > keeps else -1
        if (apart == b" " or folds >= 0) and (not bare or (bare.startswith(b"#") and folds < 0)):
            apart = apart if folds < 0 else b"\n"
            continue
        item = ITEM.match(line) if yaml and keeps < 0 else None
        if apart == b"\n" and _goes_on(line, bare, yaml=yaml and keeps < 0, document=document):
            apart = b" "
        if item and listed:
            apart, bare = b" ", item[1] or item[2] or item[3]
        found += (apart, bare if apart == b" " or (not apart and found and found[-1][-1:].isspace()) else line)
        code = _code(bare)
        listed = bool(item and listed) or (yaml and code.endswith(b":"))
        apart = b"\n"
        if folds >= 0 or (code.endswith(ENDS) and not KEPT.search(code)) or (document and code.endswith(b'":')):
            found[-1], apart = _code(found[-1]), b" "
        elif mark := MARK.search(line):
            found[-1] = found[-1][: mark.start() - len(line)] if found[-1].endswith(mark[0]) else found[-1]
            apart = b""
        elif keeps < 0 and (FOLDS.search(code) or KEPT.search(code)):
            at = DASHES.match(line)
            place = at.end() if at else 0
            folds, keeps = (place, -1) if FOLDS.search(code) else (-1, place)
            apart = b" " if folds >= 0 else b"\n"
    return b"".join(found)


def _goes_on(line: bytes, bare: bytes, *, yaml: bool, document: bool) -> bool:
    """Whether a line goes on with the one before it, as its own beginning says."""
    return bare.startswith(BEGINS) or (yaml and not FRESH.match(line)) or (document and bool(ARGUMENTS.match(bare)))


def _code(bare: bytes) -> bytes:
    """A line without the remark at its end."""
    remark = REMARK.search(bare)
    return bare[: remark.start()].rstrip() if remark else bare.rstrip()


def _row(found: re.Match[bytes]) -> bytes:
    """A list's words as a row of its own; what is more than a word stays for itself."""
    items = [item.strip(b"\"'") for item in WORDS.findall(found[2])]
    words, others = ([item for item in items if (len(item.split()) > 1) is more] for more in (False, True))
    return b"".join((found[1], b" ".join(words), *(b"\n" + item for item in others), b"\n"))
