"""A base image from an archive: whatever names are in it, in whatever spelling, the engine is told of none of them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from generator.bundle import write_bundle
from tests.unit.planning import rendered

# Loads nothing: keeps what it was given.
ENGINE = """#!/bin/sh
case $1 in
load) shift; [ "$2" != --input ] && cat >"$GIVEN" || cp "$3" "$GIVEN" ;;
import) echo imported >"$GIVEN.import" ;;
esac
"""
WORD = "0123456789abcdef0123456789abcdef"
IMAGE = {"Config": "c.json", "Layers": ["a/layer.tar", "b/layer.tar"]}
Member = tuple[str, bytes | str]


def parts(at: str = "") -> list[Member]:
    """The second layer is a link to the first, as older engines write it."""
    return [(at + "c.json", b"{}"), (at + "a/layer.tar", b"layer"), (at + "b/layer.tar", "../a/layer.tar")]


def told(*images: object, name: str = "manifest.json") -> Member:
    return name, json.dumps(images).encode()


def respelled(plain: str, other: str) -> Member:
    name, content = told({**IMAGE, "RepoTags": ["victim:keep"]})
    assert isinstance(content, bytes)
    return name, content.replace(plain.encode(), other.encode())


def load(folder: Path, *members: Member) -> tuple[str, Path]:
    """What load_archive says of an archive of these members, and the file that the engine was given."""
    bundle, archive, given = folder / "bundle", folder / "base.tar", folder / "given"
    write_bundle(rendered("image.source=archive", f"image.archive={archive}"), bundle)
    (folder / "docker").write_text(ENGINE)
    (folder / "docker").chmod(0o755)
    (bundle / ".state").mkdir(0o700)
    with tarfile.open(archive, "w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    sources = "".join(f". lib/{name}.sh; " for name in ("docker", "storage", "preflight", "mirror", "base", "archive"))
    script = f"{sources} take_name() {{ :; }}; set -eo pipefail; load_archive {WORD}"
    env = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "GIVEN": str(given),
        "GEN_RUN": "x",
        "GEN_PRIOR": str(folder),
    }
    done = subprocess.run(["bash", "-c", script], cwd=bundle, env=env, capture_output=True, text=True, check=False)
    assert not (bundle / ".state/mirror").exists() or done.returncode
    return done.stdout + done.stderr, given


NAMED = {
    "as the engine spells it": told({**IMAGE, "RepoTags": ["victim:keep"]}),
    "in small letters": told({**IMAGE, "repotags": ["victim:keep"]}),
    "with a space": respelled('"RepoTags":', '"RepoTags" :'),
    "escaped": respelled('"RepoTags"', r'"\u0052epoTags"'),
    "twice": respelled('"RepoTags"', '"RepoTags": [], "RepoTags"'),
    "nowhere": told(IMAGE),
}  # fmt: skip


@pytest.mark.parametrize("spelled", NAMED)
def test_the_engine_is_told_one_name_that_nobody_else_has(tmp_path: Path, spelled: str) -> None:
    others = [("repositories", b'{"victim":{"keep":"x"}}'), ("index.json", b'{"name":"victim:keep"}')]
    _, given = load(tmp_path, *parts(), NAMED[spelled], *others)
    with tarfile.open(given) as tar:
        found = {member.name: tar.extractfile(member) for member in tar}
        content = {name: file.read() for name, file in found.items() if file}
    layers = ["layer-2.tar", "layer-3.tar"]
    assert json.loads(content.pop("manifest.json")) == [
        {"Config": "config.json", "RepoTags": [f"gen-making:{WORD}"], "Layers": layers}
    ]
    assert content == {"config.json": b"{}", "layer-2.tar": b"layer", "layer-3.tar": b"layer"}


def test_its_parts_may_stand_below_a_dot(tmp_path: Path) -> None:
    _, given = load(tmp_path, *parts("./"), told(IMAGE, name="./manifest.json"))
    assert given.exists()


REFUSED = {
    "two lists": [told(IMAGE), told(IMAGE, name="./manifest.json")],
    "a list that is there twice": [told(IMAGE), told(IMAGE)],
    "two images": [told(IMAGE, IMAGE)],
    "no layers": [told({"Config": "c.json", "Layers": []})],
    "a part elsewhere": [told({"Config": "../c.json", "Layers": ["a/layer.tar"]})],
    "a part from the root": [told({"Config": "/etc/passwd", "Layers": ["a/layer.tar"]})],
    "a part like an option": [told({"Config": "-c", "Layers": ["a/layer.tar"]})],
    "a link to elsewhere": [told({"Config": "c.json", "Layers": ["out"]}), ("out", "../../etc/passwd")],
    "a part that is not there": [told({"Config": "c.json", "Layers": ["none"]})],
    "no list": [("manifest.json", b"[{")],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_be_read_in_two_ways_is_no_image(tmp_path: Path, name: str) -> None:
    said, given = load(tmp_path, *parts(), *REFUSED[name])
    assert not given.exists()
    assert "holds no image" in said or name == "a part that is not there"


def test_the_files_of_a_system_are_imported(tmp_path: Path) -> None:
    _, given = load(tmp_path, ("etc/os-release", b"NAME=x\n"))
    assert given.with_name("given.import").exists()
