"""Keys that must fit together; each case is a few --set on top of dev, and the exact words."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from generator.profile import ProfileErrors, base_facts, load_profile

if TYPE_CHECKING:
    from pathlib import Path

PEM = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(b"\x30\x03abc") + b"-----END CERTIFICATE-----\n"
KNOWN = "ubuntu:22.04, ubuntu:24.04, debian:bookworm, debian:trixie, ubuntu:jammy, ubuntu:noble, debian:12, debian:13"
OLD_ENOUGH = "ubuntu:22.04, ubuntu:24.04, debian:bookworm, ubuntu:jammy, ubuntu:noble, debian:12"
MEND_PEM = "Write none, host, or the path (seen from the profile) of a PEM file with certificates alone."

CASES = [
    (
        ["image.base=fedora:40", "image.source=mirror"],
        "1:12: image.base: a mirror can only give a base that gen knows, and `fedora:40` is not one. "
        f"Write one of {KNOWN} for image.base, or another image.source.",
    ),
    (
        ["image.base=debian:trixie"],
        "1:12: image.base: aider needs a Python older than 3.13, and debian:trixie has 3.13. "
        f"Choose another agent, or another image.base: {OLD_ENOUGH}.",
    ),
    (
        ["image.base=debian:trixie", "agent.name=aider"],
        "2:12: agent.name: aider needs a Python older than 3.13, and debian:trixie has 3.13. "
        f"Choose another agent, or another image.base: {OLD_ENOUGH}.",
    ),
    (
        ["image.base=mine:1", 'image.python="3.13"', "agent.name=aider"],
        "3:12: agent.name: aider needs a Python older than 3.13, and image.python has 3.13. "
        f"Choose another agent, or another image.base: {OLD_ENOUGH}.",
    ),
    (
        ["image.base=ubuntu:22.04", 'image.python="3.12"'],
        "2:14: image.python: ubuntu:22.04 has Python 3.10, which is older than 3.12. "
        'Write image.python: "3.10", or choose another image.base: '
        "ubuntu:24.04, debian:trixie, ubuntu:noble, debian:13.",
    ),
    (
        ["image.node=none", "agent.name=gemini-cli"],
        "1:12: image.node: gemini-cli needs Node.js 20 or newer, and image.node is none. "
        "Write image.node: 20, or choose another agent.",
    ),
    (
        ["image.node=18", "agent.name=claude-code"],
        "1:12: image.node: claude-code needs Node.js 22 or newer, and image.node is 18. "
        "Write image.node: 22, or choose another agent.",
    ),
    (
        ["agent.name=none", "agent.version='1.0'"],
        "2:15: agent.version: there is no agent that could have a version. Remove the version, or choose an agent.",
    ),
    (
        ["resources.memory=512M", "resources.tmpfs=1G"],
        "2:17: resources.tmpfs: 1G for /tmp is more than the memory that it lives in (512M). "
        "Write at most 512M for resources.tmpfs, or more for resources.memory.",
    ),
    (
        ["security.readonly_root=true"],
        "1:24: security.readonly_root: packages cannot be installed into a read-only root. "
        "Write image.sudo: none, or security.readonly_root: false.",
    ),
    (
        ["network.mode=none", "network.ports=['80:80']"],
        "2:15: network.ports: without a network, ports has no meaning. "
        "Remove network.ports, or write network.mode: internet.",
    ),
    (
        ["network.mode=none", "network.dns=[9.9.9.9]"],
        "2:13: network.dns: without a network, dns has no meaning. "
        "Remove network.dns, or write network.mode: internet.",
    ),
    (
        ["network.mode=none", "network.subnet=10.1.0.0/24"],
        "2:16: network.subnet: without a network, subnet has no meaning. "
        "Remove network.subnet, or write network.mode: internet.",
    ),
    (
        ["network.ports=['[::]:80:80', '[::1]:80:81']"],
        "1:30: network.ports[1]: port 80 is already taken on every address by network.ports[0]. Remove one of the two.",
    ),
]


@pytest.mark.parametrize(("sets", "expected"), CASES, ids=[" ".join(sets) for sets, _ in CASES])
def test_refused(sets: list[str], expected: str) -> None:
    with pytest.raises(ProfileErrors) as caught:
        load_profile("dev", sets)
    (finding,) = caught.value.findings
    assert str(finding) == f"--set:{expected}"


@pytest.mark.parametrize(
    ("text", "sets", "place"),
    [
        ("image: {base: debian:trixie}", [], "mine.yaml:3 image.base"),
        ("agent: {name: aider}", ["image.base=debian:trixie"], "--set:1 image.base"),
        ("image: {base: debian:trixie}", ["agent.name=aider"], "--set:1 agent.name"),
        ("image: {python: '3.14'}", ["image.base=debian:bookworm", "agent.name=none"], "--set:1 image.base"),
        ("network: {ports: ['80:80']}", ["network.mode=none"], "--set:1 network.mode"),
        ("resources: {tmpfs: 4G}", ["resources.memory=2G"], "--set:1 resources.memory"),
    ],
)
def test_a_clash_is_found_where_the_last_word_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, sets: list[str], place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(f"extends: dev\nname: mine\n{text}\n", "utf-8")
    with pytest.raises(ProfileErrors) as caught:
        load_profile("mine.yaml", sets)
    (finding,) = caught.value.findings
    assert f"{finding.mark.source.name}:{finding.mark.line} {finding.path}" == place
    words = ["mine.yaml", *(word for value in sets for word in ("--set", value))]
    assert str(caught.value.resolution).endswith(f"gen profile validate {' '.join(words)}")


@pytest.mark.parametrize(
    "sets",
    [
        ["network.mode=none"],
        ["security.readonly_root=true", "image.sudo=none"],
        ["image.base=debian:trixie", "agent.name=claude-code"],
        ["image.node=none", "agent.name=none"],
        ["image.base=my.registry.example:5000/team/base:1.0", 'image.python="3.12"'],
        ["image.base=debian:bookworm", "image.source=mirror"],
        ["network.ports=['53:53/udp', '53:53', '0.0.0.0:80:80', '127.0.0.1:81:80']"],
        ["resources.tmpfs=4G"],
        ["security.capabilities=[{name: NET_RAW, reason: the tests open raw sockets}]"],
    ],
    ids=" ".join,
)
def test_accepted(sets: list[str]) -> None:
    assert load_profile("dev", sets).profile.name == "dev"


def test_rules_are_checked_beside_other_errors_but_not_on_wrong_values() -> None:
    with pytest.raises(ProfileErrors) as caught:
        load_profile("dev", ["name=X", "security.readonly_root=true", "resources.memory=1", "resources.tmpfs=64T"])
    assert [finding.path for finding in caught.value.findings] == ["name", "security.readonly_root", "resources.memory"]


def test_base_facts() -> None:
    facts = base_facts("debian:bookworm")
    assert facts is not None
    assert (facts.distro, facts.codename, facts.python) == ("debian", "bookworm", "3.11")
    assert base_facts("alpine:3") is None


def with_certificates(folder: Path, data: bytes) -> Path:
    """A profile whose certificates lie beside it."""
    (folder / "ca.pem").write_bytes(data)
    (folder / "mine.yaml").write_text("extends: dev\nbuild:\n  ca_certificates: ca.pem\n")
    return folder / "mine.yaml"


def test_certificates_are_read_from_beside_the_profile(tmp_path: Path) -> None:
    file = with_certificates(tmp_path, b"# my CA\r\n" + PEM.replace(b"\n", b"\r\n") + b"\n" + PEM)
    assert load_profile(file).ca_pem == PEM + PEM


def test_the_host_s_certificates_are_not_read_here() -> None:
    assert load_profile("dev-mirror").ca_pem is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "names a file that holds no PEM certificates, or broken ones"),
        (PEM + b"-----BEGIN CERTIFICATE-----\n", "names a file that holds no PEM certificates, or broken ones"),
        (PEM.replace(b"MA", b"M!"), "names a file that holds no PEM certificates, or broken ones"),
        (PEM.replace(b"MA", b"AA"), "names a file that holds no PEM certificates, or broken ones"),
        (
            PEM + b"-----BEGIN RSA PRIVATE KEY-----\n",
            "names a file that holds a private key, and a bundle holds no secrets",
        ),
        (PEM + b"\n" * 1024 * 1024, "names a file that is larger than 1 MiB"),
    ],
)
def test_certificates_that_are_refused(data: bytes, what: str, tmp_path: Path) -> None:
    file = with_certificates(tmp_path, data)
    with pytest.raises(ProfileErrors) as caught:
        load_profile(file)
    assert str(caught.value.details) == f"{file}:3:20: build.ca_certificates: {what}. {MEND_PEM}"
