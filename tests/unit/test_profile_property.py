"""Whatever somebody writes: a valid profile or ProfileErrors comes out, never a traceback, never a dangerous value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.profile import LoadedProfile, ProfileErrors, load_profile
from generator.resources import templates

DEV = (templates() / "profiles" / "dev.yaml").read_text()
PLAIN_DEV = "\n".join(line for line in DEV.splitlines() if not line.lstrip().startswith("#"))
ODD = st.sampled_from(
    [
        *("", "*a", "&a", "!!str", "<<", "[", "]", "{", "}", "- ", ": ", "#", "'", '"', "|\n", ">\n", "?", "%", "---"),
        *("...", "\t", "\0", "\\", '"\\U00110000"', '"\\x"', '"\\ud800"', "\u2028", "\ufeff", "é", "9" * 5000),
        *("null", "~", "no", "yes", "0x1F", "1_000", "1e999", ".nan", "-.inf", "12:30", "010", "2001-01-01"),
        *("$(id)", "`id`", "; id", "../..", "-rf", "extends: dev\n", "name: box\n"),
    ]
)
QUICK = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def load(text: str | bytes, folder: Path) -> LoadedProfile | None:
    """The profile, or None when it was refused with findings that are each one line."""
    file = folder / "profile.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return outcome(file)


def outcome(ref: str | Path, *sets: str) -> LoadedProfile | None:
    """The profile, or None; anything but ProfileErrors is the failure of a test."""
    try:
        return load_profile(ref, sets)
    except ProfileErrors as errors:
        lines = [str(finding) for finding in errors.findings]
    assert lines
    for line in lines:
        assert line.isprintable()
        assert re.fullmatch(r".+:\d+:\d+: \S.*[.?]", line)
    return None


@QUICK
@given(st.lists(ODD | st.text(max_size=8) | st.sampled_from(PLAIN_DEV.split()), max_size=30).map("".join))
def test_any_text(tmp_path: Path, text: str) -> None:
    load(text, tmp_path)


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    load(data, tmp_path)


@QUICK
@given(st.data())
def test_dev_with_a_few_things_changed(tmp_path: Path, data: st.DataObject) -> None:
    text = PLAIN_DEV
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(ODD | st.text(max_size=4)) + text[end:]
    load(text, tmp_path)


@QUICK
@given(
    st.sampled_from(["name", "image", "storage.size", "image.packages", "a.b", "security.capabilities"]),
    ODD | st.text(),
)
def test_any_set(path: str, value: str) -> None:
    outcome("dev", f"{path}={value}", value)


PIECES = [
    "a",
    "git",
    "dev",
    "box",
    "/",
    "..",
    "-",
    "$(id)",
    "`",
    "'",
    '"',
    ";",
    "\n",
    "\\",
    " ",
    "=",
    "1",
    "é",
    "\u202e",
]
HOSTILE = st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
PATTERNS = {
    "name": r"[a-z][a-z0-9-]{1,30}[a-z0-9]",
    "image.base": r"[a-z0-9][A-Za-z0-9._/:@-]*",
    "image.archive": r"[A-Za-z0-9._/@+][A-Za-z0-9._/@+-]*",
    "image.user.name": r"[a-z_][a-z0-9_-]*",
    "agent.version": r"[0-9][0-9A-Za-z.+_-]*",
    "storage.path": r"(/[A-Za-z0-9_.][A-Za-z0-9_.-]*)+",
    "build.pip_index": r"https?://[A-Za-z0-9._~/:+%-]+",
    "build.proxy": r"host|https?://[A-Za-z0-9._~/:+%-]+",
}


def quoted(value: str) -> str:
    """The text in double quotes, as YAML reads it back."""
    return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'


@QUICK
@given(st.sampled_from(sorted(PATTERNS)), HOSTILE)
def test_a_value_is_refused_or_harmless(path: str, value: str) -> None:
    loaded = outcome("dev", f"{path}={quoted(value)}")
    if loaded is None:
        return
    got: Any = loaded.profile
    for key in path.split("."):
        got = getattr(got, key)
    assert got == value or (got is None and value == "none")  # carried through to the letter
    if isinstance(got, str):
        assert re.fullmatch(PATTERNS[path], got)
        assert ".." not in got.split("/")


@QUICK
@given(st.sampled_from(["image.packages", "agent.env", "network.dns", "network.ports"]), HOSTILE)
def test_an_item_is_refused_or_harmless(path: str, value: str) -> None:
    loaded = outcome("dev", f"{path}=[{quoted(value)}]")
    if loaded is not None:
        section, key = path.split(".")
        (item,) = getattr(getattr(loaded.profile, section), key)
        assert re.fullmatch(r"[A-Za-z0-9\[][A-Za-z0-9.:+_=~/\[\]-]*", item)


@QUICK
@given(HOSTILE)
def test_any_reference_to_a_profile(ref: str) -> None:
    outcome(f"no-such-folder/{ref}")
    outcome(Path("no-such-folder") / ref)
