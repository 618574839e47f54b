"""A command in the sandbox that is no program there: one sentence, and the code that every shell has for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle
from tests.engine.test_leash import running

NOT_THERE = (
    #   command;  exit code;  what is said, behind "error: "
    ("no-such-thing", 127, "there is no no-such-thing in the sandbox"),
    ("./no-such-thing", 127, "there is no ./no-such-thing in the sandbox"),
    ("a\x1b[31mb\nerror: c", 127, "there is no a\\x1b[31mb\\x0aerror: c in the sandbox"),
    ("*", 127, "there is no * in the sandbox"),
    ("", 127, "there is no  in the sandbox"),
    ("podman", 127, "there is no podman in the sandbox, and no engine: "
                    "what would be a container is run as an ordinary program"),
    ("su-do", 127, "there is no su-do in the sandbox"),
    ("doas", 127, "there is no doas in the sandbox: nobody becomes root here, "
                  "and packages are written into the profile (image.packages)"),
    ("cd", 127, "there is no cd in the sandbox: it is a word of a shell's own, as in sh -c 'cd src && make'"),
    ("/etc", 126, "/etc is no program: it may not be run"),
    ("/etc/passwd", 126, "/etc/passwd is no program: it may not be run"),
)  # fmt: skip


def said(bundle: Bundle, command: str) -> tuple[int, str, str]:
    """Its code, and what is on its two outputs but for the script's last line."""
    done = bundle.script("scripts/connect.sh", "--", command, "an argument", check=False)
    return done.returncode, done.stdout, done.stderr.partition("gen: result=")[0]


@pytest.fixture(scope="module", params=["docker", "gvisor"])
def sandbox(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, base_image: str
) -> Iterator[Bundle]:
    """One of each isolation that has a client of its own for commands."""
    folder: Path = tmp_path_factory.mktemp("enter")
    with running(folder, base_image, request.param, "image.sudo=none") as bundle:
        yield bundle


def test_what_is_not_there_is_said_in_one_sentence(sandbox: Bundle) -> None:
    for command, code, sentence in NOT_THERE:
        assert said(sandbox, command) == (code, "", f"error: {sentence}\n")


def test_what_is_there_gets_its_words_as_they_are(sandbox: Bundle) -> None:
    """Its words, its place in the tree of processes, and nothing of ours in its environment."""
    words = ("", "*", "$HOME", "a b", "-n", "\n")
    show = "import os, sys; print(sys.argv[1:], sorted(set(os.environ) & {'said', 'cannot', 'code', 'folder', 'IFS'}))"
    done = sandbox.script("scripts/connect.sh", "--", "python3", "-c", show, *words)
    assert done.stdout == f"{list(words)} []\n"
    assert sandbox.script("scripts/connect.sh", "--", "test", "-d", "/workspace").returncode == 0
    assert "0 " in sandbox.script("scripts/connect.sh", "--", "ps", "-o", "ppid,comm", "--no-headers").stdout
