"""One Jinja environment for each language that we write. The environment quotes every value, so nobody can forget it.

Profile values were checked before they come here; this is the second wall.
"""

from __future__ import annotations

import os
import re
import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined

from generator.errors import ExitCode, GenError
from generator.resources import templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SHELL, DOCKERFILE, MARKDOWN = "shell", "dockerfile", "markdown"

_DOCKER_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*|/[A-Za-z0-9._/-]*")
_MARKUP = re.compile(r"[\\`*_\[\]|~@]|(?<=:)/(?=/)|(?<=www)\.")
_LINE_START = re.compile(r"^(?=[#+=-])|^(\d+)(?=[.)](?:\s|$))")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Raw(str):
    """Text that is printed as it is, because it is ours or was quoted already."""

    __slots__ = ()


def render(language: str, template: str, context: Mapping[str, Any]) -> str:
    """The template's text with these values.

    Raises GenError when a value cannot be written in that language; jinja2.TemplateError is a fault of our template.
    """
    return environment(language).get_template(template).render(context)


def shell_value(value: object) -> str:
    """One word of shell, whatever the value holds. Raises GenError for a NUL, which no shell can hold."""
    if isinstance(value, Raw):
        return value
    text = str(value)
    if "\0" in text:
        raise _refused(text, "a NUL byte", "shell")
    return shlex.quote(text)


def dockerfile_value(value: object) -> str:
    """One word of a RUN command. Raises GenError for a line break or NUL, which would begin another instruction."""
    return value if isinstance(value, Raw) else shlex.quote(_one_line(value))


def docker_text(value: object) -> Raw:
    """A value of LABEL or ENV, in double quotes, in which nothing is expanded."""
    return Raw('"' + re.sub(r'(["\\$`])', r"\\\1", _one_line(value)) + '"')


def docker_word(value: object) -> Raw:
    """A word of FROM, USER or WORKDIR, which know no quotes. Raises GenError unless it is plain."""
    text = _one_line(value)
    if not _DOCKER_WORD.fullmatch(text):
        raise _refused(text, "a character that this instruction cannot take", "a Dockerfile")
    return Raw(text)


def markdown_value(value: object) -> str:
    """Text without any markup: nothing in it becomes a heading, a link, HTML or emphasis."""
    if isinstance(value, Raw):
        return value
    text = " ".join(str(value).split())
    text = _MARKUP.sub(lambda match: "\\" + match[0], text).translate(_HTML)
    return _LINE_START.sub(r"\1\\", text)


def markdown_code(value: object) -> Raw:
    """A code span that ends where the value ends."""
    text = " ".join(str(value).split())
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    padding = " " if "`" in text else ""
    return Raw(f"{ticks}{padding}{text}{padding}{ticks}")


def markdown_mend(value: object) -> Raw:
    """Our own text in a table's cell: a command as a code span, and a note three spaces behind it as text."""
    command, gap, note = str(value).partition("   ")
    # A bar would end a table's cell even in code.
    return Raw(markdown_code(command).replace("|", "\\|") + (f" {note.strip()}" if gap else ""))


def markdown_listed(values: Iterable[object], nothing: str = "-") -> Raw:
    """Our own texts one behind the other, or what stands for none."""
    return Raw(", ".join(str(value) for value in values if value is not None) or nothing)


def _one_line(value: object) -> str:
    text = str(value)
    if any(char in text for char in "\0\n\r\v\f\x85\u2028\u2029"):
        raise _refused(text, "a line break or NUL", "a Dockerfile")
    return text


def _refused(text: str, what: str, where: str) -> GenError:
    return GenError(
        f"A value cannot be written in {where}",
        details=f"{text!r} holds {what}",
        resolution="Change that value in the profile: gen profile show NAME says where it comes from",
        exit_code=ExitCode.USAGE,
    )


_FINALIZE: dict[str, Callable[[object], str]] = {
    SHELL: shell_value,
    DOCKERFILE: dockerfile_value,
    MARKDOWN: markdown_value,
}
_FILTERS: dict[str, dict[str, Callable[..., Raw]]] = {
    SHELL: {},
    DOCKERFILE: {"text": docker_text, "word": docker_word},
    MARKDOWN: {"code": markdown_code, "mend": markdown_mend, "listed": markdown_listed},
}


@cache
def environment(language: str) -> Environment:
    """The environment of one language, made once."""
    # Not HTML: `finalize` is what quotes here.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(templates()),
        undefined=StrictUndefined,
        finalize=_FINALIZE[language],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=_compiled(language),
    )
    environment.filters |= {"raw": Raw, **_FILTERS[language]}
    return environment


def _compiled(language: str) -> FileSystemBytecodeCache | None:
    """Where compiled templates are kept, as Python keeps its own: they are checked against their source when read."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or ""
    folder = Path(cache_home if cache_home.startswith("/") else Path("~/.cache").expanduser()) / "gen" / "templates"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    mine = folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK)
    return FileSystemBytecodeCache(str(folder), f"{language}-%s.cache") if mine else None
