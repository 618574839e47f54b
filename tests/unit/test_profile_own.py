"""A bundle holds the profile that it was written from: that alone writes the same bundle again, byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.bundle import write_bundle
from generator.cli import main
from generator.documents import to_yaml
from generator.plan import build_plan
from generator.profile import ProfileErrors, load_profile, profile_names
from generator.render import MANIFEST, render_bundle
from tests.unit.planning import rendered, text

if TYPE_CHECKING:
    from generator.render import RenderedFile

OWN = "profile.yaml"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\n"
WORDS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=40)
SETS = st.sampled_from(
    [
        *("name=other", "storage.size=1.5T", "storage.size=512M", "storage.overcommit=true", "storage.reserve=0K"),
        *("resources.cpus=1", "resources.cpus=0.3", "resources.cpus=1e1", "resources.memory=1.5G", "resources.pids=64"),
        *("network.mode=none", "network.ports=['8080:80', '[::1]:53:53/udp']", "network.dns=[9.9.9.9]"),
        *("network.subnet=172.30.4.0/24", "image.node=none", "image.node=20", 'image.python="3.11"', "image.sudo=none"),
        *("image.packages=[git, jq=1.7-1]", "image.user.name=dev", "image.user.uid=1234", "agent.name=none"),
        *("agent.env=[A_KEY]", 'agent.version="0.1.2"', "image.source=archive", "image.archive=a/b.tar"),
        *("image.base=debian:bookworm", "image.source=mirror", "build.apt_mirror=host", "build.proxy=host"),
        *("build.pip_index=http://127.0.0.1:1/simple", "build.ca_certificates=host", "build.ca_certificates=my ca.pem"),
        *("security.readonly_root=true", "security.seccomp=engine", "isolation=gvisor", "isolation.minimum=container"),
        "security.capabilities=[{name: NET_RAW, reason: 'ping works: # so it is'}]",
        *("project.method=plain", "project.method=none", "project.keep=['*.pem']", "project.secrets=[my-*]"),
        *("project.ignored=true", "project.history=true"),
    ]
)


def bundle_of(ref: str | Path, sets: tuple[str, ...] = ()) -> dict[str, RenderedFile]:
    return render_bundle(build_plan(load_profile(ref, sets)))


def again(files: dict[str, RenderedFile], folder: Path) -> dict[str, RenderedFile]:
    """What the profile in a written bundle says."""
    shutil.rmtree(folder, ignore_errors=True)
    write_bundle(files, folder)
    return bundle_of(folder / OWN)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(profile_names()), sets=st.lists(SETS, max_size=5), description=WORDS)
def test_its_profile_writes_the_same_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sets: list[str], description: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my ca.pem").write_text(CERTIFICATE, "utf-8")
    Path("mine.yaml").write_text(to_yaml({"extends": name, "description": description}), "utf-8")
    try:
        files = bundle_of("mine.yaml", tuple(sets))
    except ProfileErrors:
        return
    second = again(files, tmp_path / "bundle")
    assert {path for path in files.keys() | second.keys() if files.get(path) != second.get(path)} == set()


def test_the_test_sees_what_is_missing(tmp_path: Path) -> None:
    files = rendered("storage.size=40G")
    folder = tmp_path / "bundle"
    write_bundle(files, folder)
    own = folder / OWN
    own.write_text(own.read_text("utf-8").replace('  size: "40G"\n', ""), "utf-8")
    assert bundle_of(own)[MANIFEST] != files[MANIFEST]


def test_in_its_folder_wherever_that_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "base.yaml").write_text("extends: dev\nstorage:\n  size: 30G\n", "utf-8")
    (profiles / "mine.yaml").write_text("extends: base.yaml\nbuild:\n  ca_certificates: ca.pem\n", "utf-8")
    (profiles / "ca.pem").write_text("# ours\n" + CERTIFICATE, "utf-8")
    made = tmp_path / "made"
    words = ["--set", "resources.pids=100", "--set", "name=mine"]
    assert main(["bundle", "-q", "--profile", str(profiles / "mine.yaml"), *words, "--out", str(made)]) == 0
    shutil.rmtree(profiles)
    moved = made.rename(tmp_path / "moved")
    before = {path: path.read_bytes() for path in moved.rglob("*") if path.is_file()}
    monkeypatch.chdir(moved)
    assert main(["bundle", "-q", "--profile", OWN, "--out", ".", "--check"]) == 0
    # A folder that was moved is another one than gen wrote.
    assert main(["bundle", "-q", "--profile", OWN, "--out", "."]) == 4
    assert main(["trust", ".", "--yes"]) == 0
    assert main(["bundle", "-q", "--profile", OWN, "--out", "."]) == 0
    assert {path: path.read_bytes() for path in moved.rglob("*") if path.is_file()} == before
    # A change is in the profile from then on, with everything that was said before.
    assert main(["bundle", "-q", "--profile", OWN, "--out", ".", "--set", "resources.cpus=1"]) == 0
    profile = load_profile(OWN).profile
    assert (profile.resources.cpus, profile.resources.pids, str(profile.storage.size)) == (1, 100, "30G")
    assert profile.build.ca_certificates == "config/ca-certificates.crt"


def test_every_line_that_writes_a_bundle_again_names_it() -> None:
    for name in profile_names():
        files = rendered(ref=name)
        lines = [line for path in files for line in text(files, path).splitlines() if "gen bundle" in line]
        strange = [line for line in lines if OWN not in line and "--set name=NAME" not in line]
        assert len(lines) > 5
        assert strange == []
