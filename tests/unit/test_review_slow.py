"""A text that somebody filled so that to read it would take for ever is read in no time."""

from __future__ import annotations

import time

import pytest
from project import lines, packages, patterns, spelled, tasks, texts

FILLING = (
    *(
        "$(",
        "${",
        '"',
        "\\",
        "*",
        "a/",
        "$x/",
        "for x in *",
        "PATH=",
        "node . ",
        ". *",
        "\n",
        "-\n",
        " ",
        "\t",
        "[",
        "]\n",
    ),
    *(
        "-m ",
        "-m, ",
        "- -m\n",
        "sh -a ",
        "| xargs ",
        "-exec sh * ",
        "a:\n",
        "go run -x ",
        "run x ",
        "use lib ",
        "$X_PATH >>",
    ),
    *(
        "[build-dependencies",
        "[a]\n",
        "import (#",
        "from a import (\n#)\n",
        "sys.path",
        "glob(*require(",
        "x = ",
        "\\\n",
        "|\n#\n",
        "- a\n",
        "a: >\n ",
        "a: [",
        "args: ",
        "@a java ",
        "find a ",
        "include * ",
    ),
)


@pytest.mark.parametrize("part", FILLING)
def test_a_text_made_to_be_slow_is_read_in_no_time(part: str) -> None:
    text, start = part.encode() * (200_000 // len(part)), time.process_time()
    list(spelled.words(text)), list(spelled.searched(text)), list(patterns.found(text, "ci")), spelled.starts(text)
    list(patterns.listed(text)), list(texts.paths(text)), list(texts.folders(b"a/Cargo.toml", text, "crate"))
    for path, kind in ((b"a/x.py", "script"), (b"Makefile", "build"), (b".mcp.json", "agent"), (b"a.md", "agent")):
        list(texts.words(path, text, kind)), list(texts.modules(path, text, kind))
    for path in (b"x", b"x.yml", b"x.json"):
        list(lines.readings(path, text)), list(lines.readings(path, b"{" + text))
    for path in (b"Makefile", b"pyproject.toml", b"Cargo.toml", b".pre-commit-config.yaml"):
        tasks.counted(path, text, {"make"}), tasks.asks(path, text, every=True)
    packages.called(text.decode()), tasks.MAKE.search(text.decode())
    assert time.process_time() - start < 5
