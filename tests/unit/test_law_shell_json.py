"""A law: what a script prints into JSON without quotes is JSON by its making.

It is a number of `json_number` or of arithmetic, text of `json_strings`, or a word that is written in the script. `007`
and nothing at all are no JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.unit.shell_law import balanced
from tests.unit.test_law_shell import texts_of_the_bundle

FORMAT = re.compile(r"printf '((?:[^'\n]*\":)[^'\n]*)'")
MADE = re.compile(r'"?\$\((?:json_|text_or_null |strings\b|cost_json|reasons\)|\()|"?\$\(\(|[\w]+$')
PIPED = re.compile(r"\| (?:objects|strings)\b[^|]*\)\"?$")

ALLOWED = {
    "files/scripts/plan.sh": {
        *("$where", "$open", "$before", "$undoes", "$title", "$VALUE"),
        '$([ -z "$owner" ] && echo false || echo true)',
    },
    "lib/archive.sh": {"$layers"},
    "lib/cost.sh": {"$commands", "$file", "$copy", "$outside"},
    "lib/journal.sh": {"$SUM"},
    "lib/progress.sh": {"${3:-}"},
}  # fmt: skip
"""Variables that the same function has filled in one of these ways, or from the bundle's own data."""


def words(text: str) -> Iterator[str]:
    """The words behind a format, up to the end of the command."""
    position, word = 0, ""
    while position < len(text):
        rest = text[position:]
        if rest.startswith("$("):
            end = balanced(text, position + 1, "()")
            word, position = word + text[position:end], end
        elif rest.startswith("\\\n"):
            position += 2
        elif rest[0] == '"':
            end = position + 1
            while text[end] != '"':
                end = balanced(text, end + 1, "()") if text.startswith("$(", end) else end + 1
            word, position = word + text[position : end + 1], end + 1
        elif rest[0] in " \t":
            if word:
                yield word
            word, position = "", position + 1
        elif rest[0] in "\n;)|&>" or rest.startswith("2>"):
            break
        else:
            word, position = word + rest[0], position + 1
    if word:
        yield word


def unmade(texts: dict[str, str]) -> list[str]:
    """What may be no JSON where a script prints some."""
    found = []
    for file, text in texts.items():
        for match in FORMAT.finditer(text):
            places = [place.start() for place in re.finditer(r"%s", match[1])]
            given = list(words(text[match.end() :]))
            assert len(places) == len(given), (file, match[1], given)
            for place, word in zip(places, given, strict=True):
                before = match[1][:place]
                quoted = len(re.findall(r'(?<!\\)"', before)) % 2 == 1
                bare = word.strip('"')
                if quoted or not re.search(r'":\[?$', before):
                    continue
                if not MADE.match(word) and not PIPED.search(word) and bare not in ALLOWED.get(file, ()):
                    found.append(f"{file}: {word} in {before[-30:]}")
    return found


def test_every_number_in_json_is_one() -> None:
    assert unmade(texts_of_the_bundle()) == []


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("""printf '{"changes":%s}' "${changes/-/null}\"""", False),
        ("""printf '{"changes":%s}' "$changes\"""", False),
        ("""printf '{"bytes":%s}' "$(file_bytes "$x")\"""", False),
        ("""printf '{"bytes":%s}' "$(json_number "$(file_bytes "$x")")\"""", True),
        ("""printf '{"a":"%s","n":%s}\\n' "$a" $((x + 1))""", True),
        ("""printf '{"a":[%s]}' "$(json_strings "$@")\"""", True),
        ("""printf '{"a":"%s"}' "$a\"""", True),
    ],
)
def test_the_law_sees_what_it_forbids(line: str, right: bool) -> None:
    assert (unmade({"x.sh": line + "\n"}) == []) is right
