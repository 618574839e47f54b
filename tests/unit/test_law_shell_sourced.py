"""A law: whatever a script comes to call is in one of the files that it sources.

Bash finds out when it gets there: the call fails, and what hung on it is taken for a no. So each script is followed
from its first line through the functions that it calls and the files that it sources on the way.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.shell_law import bare, functions_of
from tests.unit.test_law_shell import TEMPLATES, texts_of_the_bundle

SOURCED = re.compile(r'(?:^|[\s;&|{(])\. "[^\n]*?/(?P<name>[\w$-]+)\.sh"', re.M)
BEFORE = r"(?:^|[;&|({!]|\$\(|\b(?:then|do|else|if|elif|while|until|heard|in)\b|\)(?=\s))"
# A word where a command begins, and is neither assigned to nor defined there.
CALLED = re.compile(rf"{BEFORE}\s*(?:! *)?(?P<name>[a-z]\w*)(?=[\s;)}}\"&|]|$)", re.M)
STANDS_FOR = {"$GEN_ENGINE": "docker"}


def without_words(text: str) -> str:
    """A bare script without what is read as words or reckoned with: no command begins there, but in a substitution."""
    out, quoted = [], [False]
    for match in re.finditer(r"\$\(\([^()]*\)\)|\$\(|[()\"]|[^$()\"]+|\$", text):
        piece = match[0]
        if piece == '"':
            quoted[-1] = not quoted[-1]
        elif piece == "$(" or (piece == "(" and not quoted[-1]):
            quoted.append(False)
            out.append(piece)
        elif piece == ")" and not quoted[-1]:
            out.append(")")
            # The pattern of a case has no bracket before it.
            if len(quoted) > 1:
                quoted.pop()
        elif not quoted[-1] and not piece.startswith("$(("):
            out.append(piece)
    return "".join(out)


class Script:
    """One file: what it defines, and what it calls and sources outside of its functions."""

    def __init__(self, text: str) -> None:
        script = bare(text)
        spans = functions_of(script)
        self.functions = {name: script[script.index(")", start) + 1 : end] for start, end, name in spans}
        rest, last = [], 0
        for start, end, _ in spans:
            rest.append(script[last:start])
            last = end
        self.top = "".join([*rest, script[last:]])


def unsourced(texts: dict[str, str]) -> list[str]:
    """The calls that no file defines which is sourced by then or later, as `script: function`."""
    scripts = {file: Script(text) for file, text in texts.items()}
    libraries = {Path(file).stem: script for file, script in scripts.items() if file.startswith("lib/")}
    known = {name for script in libraries.values() for name in script.functions}
    return sorted(
        f"{file}: {name}"
        for file, script in scripts.items()
        if not file.startswith("lib/")
        for name in calls_of(script, libraries, known)
    )


def calls_of(script: Script, libraries: dict[str, Script], known: set[str]) -> set[str]:
    """What the script calls and has not."""
    texts, sourced, called = [script.top], [script], set[str]()
    while texts:
        text = texts.pop()
        for match in SOURCED.finditer(text):
            name = STANDS_FOR.get(match["name"], match["name"])
            library = libraries.get(name)
            if library is not None and library not in sourced:
                sourced.append(library)
                texts.append(library.top)
                texts += [library.functions[name] for name in called if name in library.functions]
        for match in CALLED.finditer(without_words(text)):
            name = match["name"]
            if name not in called and (name in known or name in script.functions):
                called.add(name)
                texts += [each.functions[name] for each in sourced if name in each.functions]
    return {name for name in called if not any(name in each.functions for each in sourced)}


def test_each_script_sources_what_it_calls() -> None:
    assert unsourced(texts_of_the_bundle()) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("lib/docker.sh", '. "${BASH_SOURCE[0]%/*}/home.sh"\n'),
        ("files/scripts/connect.sh", '. "$BUNDLE/lib/audit.sh"\n'),
        ("lib/docker.sh", '. "${BASH_SOURCE[0]%/*}/tools.sh"\n'),
    ],
)
def test_the_control_a_line_is_left_out(file: str, line: str) -> None:
    texts = texts_of_the_bundle()
    assert texts[file].count(line) == 1
    assert unsourced({**texts, file: texts[file].replace(line, "")})


def test_all_scripts_are_followed() -> None:
    assert len([file for file in texts_of_the_bundle() if not file.startswith("lib/")]) > 60
    assert (TEMPLATES / "files/scripts/discard.sh").is_file()
