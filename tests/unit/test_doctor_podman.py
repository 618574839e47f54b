"""The doctor where a host has Podman: when that is, what it says when it fails, and in which words a mend is told."""

import os
from pathlib import Path

import pytest

from generator.doctor.diagnosis import diagnose
from generator.doctor.engine import look_at_engine
from generator.doctor.facts import EngineFacts, EngineObject, Facts, HostFacts
from generator.doctor.podman import client_here


def program(folder: Path, name: str, text: str = "\x7fELF, so to say") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return folder / name


def test_the_client_is_the_one_that_a_bundle_would_take(tmp_path: Path) -> None:
    docker, podman = tmp_path / "docker", tmp_path / "podman"
    program(docker, "docker")
    binary = program(podman, "podman")
    assert client_here({"PATH": f"{docker}:{podman}"}) == "docker"
    assert client_here({"PATH": str(podman)}) == "podman"
    assert client_here({"PATH": str(docker)}) == "docker"
    assert client_here({"PATH": str(tmp_path)}) == "docker"
    assert client_here({"PATH": str(docker), "GEN_CLIENT": "podman"}) == "podman"
    assert client_here({"PATH": str(podman), "GEN_CLIENT": "docker"}) == "docker"
    program(tmp_path / "script", "docker", '#!/bin/sh\nexec /usr/bin/podman "$@"\n')
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "docker").symlink_to(binary)
    for disguise in ("script", "link"):
        assert client_here({"PATH": f"{tmp_path / disguise}:{podman}"}) == "podman", disguise


def test_podman_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin", "podman", "#!/bin/sh\necho 'Error: no storage' >&2; exit 125\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    facts = look_at_engine({**os.environ, "GEN_CLIENT": "podman"})
    assert (facts.client, facts.trouble, facts.said) == ("podman", "other", "Error: no storage")
    (found,) = [one for one in diagnose(Facts(engine=facts, host=HostFacts())) if one.id == "engine"]
    assert (found.what, found.mend) == ("Podman gives no answer", "podman info")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    facts = look_at_engine({**os.environ, "GEN_CLIENT": "podman"})
    (found,) = [one for one in diagnose(Facts(engine=facts, host=HostFacts())) if one.id == "engine"]
    assert (found.what, found.mend) == ("Podman is used as root here", "sudo gen doctor")


def test_what_mends_is_said_in_the_words_of_the_client_that_is_used() -> None:
    lost = EngineObject(kind="container", id="0123", name="lost", instance="f" * 16)
    for client in ("docker", "podman"):
        engine = EngineFacts(client=client, version="99", system="linux", objects=(lost,))
        found = {one.id: one for one in diagnose(Facts(engine=engine, host=HostFacts()))}
        assert found["container-orphan"].mend.startswith(f"{client} inspect '0123' ")
        assert ("compose" in found) == (client == "docker")


def test_nobody_is_told_to_mend_docker_where_there_is_none() -> None:
    poor = EngineFacts(
        client="podman", version="1", system="linux", gvisor="fails", without_limits=("memory",), root="/"
    )
    host = HostFacts(root_free=1)
    for engine in (poor, EngineFacts(client="podman", trouble="denied"), EngineFacts(client="podman", trouble="other")):
        mends = [one.mend for one in diagnose(Facts(engine=engine, host=host)) if one.subject == "engine" and one.mend]
        assert mends
        assert not [mend for mend in mends if "docker" in mend]
