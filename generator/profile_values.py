"""What each kind of value in a profile must look like. Every refusal says what is wrong and how to mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic_core import PydanticCustomError

from generator.printable import escaped
from generator.profile_facts import (
    ALLOWED_CAPABILITIES,
    NODE_MAJORS,
    OLDEST_PYTHON,
    REFUSED_CAPABILITIES,
    REFUSED_VARIABLES,
    SYSTEM_FOLDERS,
    SYSTEM_USERS,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

_PACKAGE = r"[a-z0-9][a-z0-9+.-]*[a-z0-9+](=[A-Za-z0-9][A-Za-z0-9.+:~-]*)?"
_REPEATED = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
IMAGE = (
    rf"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{{1,5}})?/)?{_REPEATED}(?:/{_REPEATED})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
URL = r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/+%-]*)?"


def refuse(what: str, mend: str) -> NoReturn:
    """Raises the pydantic error that becomes `path: what. mend`."""
    raise PydanticCustomError("refused", "{what}. {mend}", {"what": what, "mend": mend})


def printable(text: str) -> str:
    """The text on one line, what could steer a terminal written out."""
    return escaped(text).replace("\t", "\\t")


def show(value: object) -> str:
    """A value as an error may quote it: on one line, and not too long."""
    text = printable(value if isinstance(value, str) else repr(value))
    return f"`{text[:57]}...`" if len(text) > 60 else f"`{text}`"


def in_quotes(text: str) -> str:
    """The mend for a word that must be text."""
    return f'Put it in quotes: "{text}"' if re.fullmatch(r"[A-Za-z0-9.+-]{1,40}", text) else "Put it in quotes"


def nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    """The mend for a word that is not known: the closest known one, else all of them."""
    from difflib import get_close_matches  # only when something is wrong

    close = get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(sorted(known))}"


@dataclass(frozen=True, slots=True)
class Text:
    """A pattern for text, with the words for a refusal. The JSON Schema carries the same pattern."""

    pattern: str
    what: str
    mend: str

    def check(self, value: str) -> str:
        """Gives the value back; raises the refusal when it does not match from end to end."""
        if not re.fullmatch(self.pattern, value):
            refuse(f"{show(value)} {self.what}", self.mend)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        from pydantic_core import core_schema as schemas

        return schemas.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


NAME = Text(
    r"[a-z][a-z0-9-]{1,30}[a-z0-9]",
    "is not a sandbox name",
    "Use 3 to 32 lower-case letters, digits and hyphens, starting with a letter and not ending with a hyphen",
)
BASE = Text(IMAGE, "is not an image reference", "Write name:tag, such as ubuntu:24.04")
ARCHIVE = Text(
    r"(?!-)(?!(?:.*/)?\.\.(?:/|$))[A-Za-z0-9._/@+-]{1,255}",
    "is not a path that can be used",
    "Use letters, digits and . _ / @ + -, without `..` and without a hyphen in front, such as local/base.tar",
)
PACKAGE = Text(_PACKAGE, "is not a Debian package name", "Write a name, such as git, or name=version")
VERSION = Text(r"[0-9][0-9A-Za-z.+_-]{0,63}", "is not a version", 'Write one exact version, such as "1.2.3"')
USER = Text(
    r"[a-z_][a-z0-9_-]{0,30}",
    "is not a user name",
    "Use up to 31 lower-case letters, digits, hyphens and underscores, starting with a letter",
)


PATTERN = Text(
    r"(?!-)[A-Za-z0-9._*?@+-]{1,100}",
    "is not a pattern for the names of files",
    "Use letters, digits and . _ @ + -, with * and ? for what differs, such as *.pem",
)


def one_line(value: str) -> str:
    """Printable text without a line break."""
    if not value.isprintable():
        refuse("holds a line break or a character that cannot be printed", "Write it on one line")
    return value


def not_system_user(value: str) -> str:
    """A name that the base image does not need for itself."""
    if value in SYSTEM_USERS:
        refuse(f"{show(value)} is a user that the system needs for itself", "Choose another name, such as aiuser")
    return value


LARGEST_UID = 2**31 - 2
"""Docker takes numbers up to 2^31 - 1, and a program may take the last one for -1."""
NOBODY = 65534


def not_nobody(value: int) -> int:
    """A number that is not the one which the kernel shows for users that it does not know."""
    if value == NOBODY:
        refuse(f"{value} is nobody's number", "Choose another one, such as 1000")
    return value


def python_minimum(value: str) -> str:
    """A Python version "3.N" that is not older than what gen promises."""
    match = re.fullmatch(r"3\.(0|[1-9][0-9]?)", value)
    if not match:
        refuse(f"{show(value)} is not a Python version", 'Write major and minor in quotes, such as "3.10"')
    if (3, int(match[1])) < OLDEST_PYTHON:
        refuse(f"{value} is older than 3.10, the oldest Python that a sandbox has", 'Write "3.10" or newer')
    return value


def node_major(value: int | None) -> int | None:
    """A major version of Node.js that can be installed, or None for no Node.js at all."""
    if value is not None and value not in NODE_MAJORS:
        known = ", ".join(map(str, NODE_MAJORS))
        refuse(f"{value} is not a long-term Node.js version", f"Write one of {known}, or none for no Node.js")
    return value


def variable(value: str) -> str:
    """The name of an environment variable. The value is never quoted: it may be a key that was put here by mistake."""
    if re.match(r"[A-Za-z_][A-Za-z0-9_]*=", value):
        refuse(
            f"gives {value.partition('=')[0]} a value, and a profile holds no secrets",
            "Write the name alone here, and the value into local/env in the bundle",
        )
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", value):
        refuse("is not the name of a variable", "Use capital letters, digits and underscores, such as OPENAI_API_KEY")
    if value in REFUSED_VARIABLES or value.startswith(("LD_", "DYLD_")):
        refuse(f"{value} changes how programs run inside", "Leave it out: only keys and settings of the agent go here")
    return value


def storage_path(value: str) -> str:
    """An absolute, normal path that is not the system's own."""
    if not re.fullmatch(r"(/[A-Za-z0-9_.][A-Za-z0-9_.-]*)+", value) or len(value) > 100:
        refuse(
            f"{show(value)} is not a plain absolute path",
            "Use letters, digits and . _ - between slashes, at most 100 characters, such as /workspace",
        )
    if {".", ".."} & set(value.split("/")):
        refuse(f"{show(value)} holds `.` or `..`", "Write the path without them, such as /workspace")
    for folder in SYSTEM_FOLDERS:
        if value == folder or value.startswith(f"{folder}/"):
            refuse(f"{value} belongs to the system ({folder})", "Choose a folder of its own, such as /workspace")
    if value == "/opt":
        refuse("/opt holds the agent itself", "Choose a folder of its own, such as /workspace")
    return value


def capability(value: str) -> str:
    """A capability that may be added: known, without CAP_, and not one that opens the way to the host."""
    plain = value.upper().removeprefix("CAP_")
    if plain in REFUSED_CAPABILITIES:
        refuse(f"{plain} is never given: {REFUSED_CAPABILITIES[plain]}", "Remove it")
    if plain in ALLOWED_CAPABILITIES and plain != value:
        refuse(f"{show(value)} is not how capabilities are written here", f"Write {plain}")
    if value not in ALLOWED_CAPABILITIES:
        refuse(f"{show(value)} is not a capability that may be added", nearest(plain, ALLOWED_CAPABILITIES))
    return value


def url(value: str, *, words: tuple[str, ...] = ()) -> str:
    """An http or https address without credentials, or one of the words. A credential is never quoted."""
    if value in words:
        return value
    either = "".join(f"{word}, " for word in ("none", *words))
    if "@" in value:
        refuse("holds credentials, and a profile holds no secrets", "Write the address without the part before the @")
    if not re.fullmatch(URL, value) or len(value) > 500:
        refuse(f"{show(value)} is not an address", f"Write {either}or an http or https address")
    return value


def url_or_host(value: str) -> str:
    """`host`, or an address as `url` takes it."""
    return url(value, words=("host",))


def certificates(value: str) -> str:
    """`host`, or a path to a PEM file. The file itself is read when the profile is loaded."""
    if not value or not value.isprintable() or len(value) > 500:
        refuse("is not a path", "Write none, host, or the path of a PEM file")
    return value
