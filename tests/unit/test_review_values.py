"""A file that only says what version a project has runs nothing, whoever executes it."""

from __future__ import annotations

import pytest
from project import imports

TOLD = b"""# `-' $(x) of requests
__title__ = "requests"
__version__ = "2.31.0"  # the next
__build__ = 0x023100

__author__ = 'K. R. "the" <a@b.c>'
__url__ = "https://x.y/z?a=1&b"
__cake__ = u"\\u2728 \\U0001f370"
"""
RUNS = (
    b'__version__ = "$(id)"\n', b'__version__ = "`id`"\n', b'__version__ = "#{`id`}"\n', b"__version__ = f()\n",
    b'__version__ = "1" + evil\n', b'import os\n', b'__version__ = "1"; import os\n', b'__version__ = f"{x}"\n',
    b'# coding: unicode_escape\n', b'# vim: set fileencoding=utf-7 :\n', b'__version__ = "a\\\nb"\n',
    b'# x\rimport os\n',
    b'__version__ = "1" if x else y\n', b'__version__: os.system("id") = "1"\n', b'  __version__ = "1"\n',
    b'__requires__ = "evil"\n', b'# a\0b\n', b'__version__ = """a\n"""\n',
)  # fmt: skip


def test_what_says_a_version_runs_nothing() -> None:
    assert imports.tells_only(b"pkg/__version__.py", TOLD)
    assert imports.tells_only(b"pkg/__init__.py", b"")
    assert not imports.tells_only(b"pkg/version.sh", TOLD)


@pytest.mark.parametrize("line", RUNS)
def test_what_may_run_something_does_not_only_say_a_version(line: bytes) -> None:
    assert not imports.tells_only(b"pkg/__version__.py", line)
    assert not imports.tells_only(b"pkg/__version__.py", TOLD + line)
    assert not imports.tells_only(b"pkg/__version__.py", line + TOLD)
