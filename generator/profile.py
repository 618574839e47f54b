"""From YAML to a `Profile`: reads, lays over one another, checks, and says everything that is wrong at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from generator.errors import ExitCode, GenError
from generator.profile_check import check_words, find, prune_table, validate
from generator.profile_facts import BaseFacts, base_facts
from generator.profile_keys import known_keys
from generator.profile_layers import SET, merge, profile_names, read_layers, spelled_out
from generator.profile_model import Profile
from generator.profile_rules import clashes
from generator.profile_size import Size
from generator.profile_values import printable
from generator.profile_yaml import MAX_BYTES, Finding, Mark, Source, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from generator.profile_layers import Layers

__all__ = [
    "BaseFacts",
    "Finding",
    "LoadedProfile",
    "Origin",
    "Profile",
    "ProfileErrors",
    "Size",
    "base_facts",
    "load_profile",
    "profile_names",
    "profile_schema",
]

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedProfile:
    """A valid profile, and where it came from.

    `origins` has one entry a value, by dotted path (lists count as one value). `ca_pem` is the content of the file
    that build.ca_certificates names, certificates only. `identity` is what was asked for, without any folder.
    """

    profile: Profile
    origins: Mapping[str, Origin | Literal["default", "--set"]]
    ca_pem: bytes | None
    identity: str


class ProfileErrors(GenError):
    """Everything that is wrong with a profile, in the order of the text. Exit code 2."""

    def __init__(self, findings: Sequence[Finding], again: str) -> None:
        self.findings = tuple(findings)
        count = len(self.findings)
        super().__init__(
            f"The profile has {count} error{'s' if count > 1 else ''}; nothing was written",
            details="\n".join(map(str, self.findings)),
            resolution=f"Mend {'them' if count > 1 else 'it'}, then look again with: gen profile validate {again}",
            exit_code=ExitCode.USAGE,
        )


def load_profile(ref: str | Path, sets: Sequence[str] = ()) -> LoadedProfile:
    """The built-in profile of that name, or the one in that file, with --set texts ("a.b=c") on top.

    Raises ProfileErrors with every finding when anything is wrong.
    """
    layers = read_layers(ref, sets)
    findings = layers.findings
    keys = known_keys()
    tables = [prune_table(spelled_out(table), keys, findings) for table in layers.tables]
    # A key that is missing is reported at the top of the file that was asked for.
    start = Mark(layers.sources[0] if layers.sources else Source(str(ref)), 1, 1)
    merged = Table(start, reduce(merge, tables, Table(start, {})).entries)
    profile, bad = validate(merged, findings, complete=layers.complete)
    ca_pem = None
    if profile is not None and layers.complete:
        _check_rules(profile, merged, bad, layers)
        ca_pem = _certificates(profile, merged, findings)
        check_words(merged, findings)
    if findings or profile is None:
        raise ProfileErrors(_in_order(findings, layers), _shown(ref, sets))
    return LoadedProfile(profile=profile, origins=_origins(profile, merged), ca_pem=ca_pem, identity=Path(ref).name)


def profile_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a profile file, for editors."""
    from generator.profile_schema import build_schema

    return build_schema()


def _shown(ref: str | Path, sets: Sequence[str]) -> str:
    """What was asked for, as words of a command."""
    import shlex

    words = [str(ref), *(word for text in sets for word in ("--set", text))]
    return shlex.join(map(printable, words))


def _in_order(findings: Sequence[Finding], layers: Layers) -> list[Finding]:
    ranks = {source.name: rank for rank, source in enumerate(layers.sources)}
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda item: (ranks.get(item.mark.source.name, -1), item.mark.line, item.mark.column))


def _check_rules(profile: Profile, merged: Table, bad: set[str], layers: Layers) -> None:
    # The file that was asked for comes before those that it extends; --set was said after all of them.
    ages = {source.name: age for age, source in enumerate(layers.sources) if source.name != SET}
    for clash in clashes(profile):
        if not any(_touches(path, other) for path in clash.paths for other in bad):
            written = [(find(merged, _location(path))[0], path) for path in clash.paths if _written(merged, path)]
            # Whoever said the last word finds it there: the base that others extend was right by itself.
            last = min(written, key=lambda place: ages.get(place[0].source.name, -1), default=None)
            mark, path = last or (find(merged, _location(clash.paths[0]))[0], clash.paths[0])
            layers.findings.append(Finding(mark, path, clash.what, clash.mend))


def _touches(path: str, bad: str) -> bool:
    """Whether a refused value is the one at this path, above it, or (of a list) beside it."""
    plain, other = path.partition("[")[0], bad.partition("[")[0]
    return plain == other or plain.startswith(f"{other}.") or other.startswith(f"{plain}.")


def _location(path: str) -> tuple[int | str, ...]:
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path))


def _written(merged: Table, path: str) -> bool:
    node: Any = merged
    for part in _location(path.partition("[")[0]):
        if not isinstance(node, Table) or part not in node.entries:
            return False
        node = node.entries[str(part)].node
    return True


def _certificates(profile: Profile, merged: Table, findings: list[Finding]) -> bytes | None:
    name = profile.build.ca_certificates
    if name in (None, "host"):
        return None
    mark, _ = find(merged, ("build", "ca_certificates"))
    what, pem = _read_certificates((mark.source.folder or Path()) / name)
    if what:
        mend = "Write none, host, or the path (seen from the profile) of a PEM file with certificates alone"
        findings.append(Finding(mark, "build.ca_certificates", what, mend))
    return pem


def _read_certificates(file: Path) -> tuple[str | None, bytes | None]:
    """What is wrong with this file, or what it holds: the certificates, without the text around them."""
    try:
        if not file.is_file():
            return "names a file that is not there", None
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return f"names a file that cannot be read: {error.strerror}", None
    if len(data) > MAX_BYTES:
        return "names a file that is larger than 1 MiB", None
    if b"PRIVATE KEY" in data:
        return "names a file that holds a private key, and a bundle holds no secrets", None
    blocks = _CERTIFICATE.findall(data)
    if not blocks or len(blocks) != data.count(b"-----BEGIN CERTIFICATE-----") or not all(map(_decodes, blocks)):
        return "names a file that holds no PEM certificates, or broken ones", None
    return None, b"".join(b"\n".join(block.split(b"\n")) + b"\n" for block in blocks).replace(b"\r", b"")


def _decodes(block: bytes) -> bool:
    import base64
    import binascii

    body = b"".join(block.split(b"-----")[2].split())
    try:
        # A certificate is a DER sequence, which starts with this byte.
        return base64.b64decode(body, validate=True)[:1] == b"\x30"
    except binascii.Error:
        return False


def _origins(profile: Profile, merged: Table) -> Mapping[str, Origin | Literal["default", "--set"]]:
    origins: dict[str, Origin | Literal["default", "--set"]] = {}

    def visit(model: Any, table: Any, prefix: str) -> None:
        for key in type(model).model_fields:
            value, path = getattr(model, key), f"{prefix}{key}"
            entry = table.entries.get(key) if isinstance(table, Table) else None
            if hasattr(type(value), "model_fields"):
                visit(value, entry.node if entry else None, f"{path}.")
            elif entry is None:
                origins[path] = "default"
            else:
                name = entry.mark.source.name
                origins[path] = "--set" if name == SET else Origin(name, entry.mark.line)

    visit(profile, merged, "")
    return MappingProxyType(origins)
