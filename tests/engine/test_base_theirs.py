"""A base image that somebody has already, by its digest, by its id or by another name, stays theirs.

The step's own scripts are run, without the build that would come next.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import SMALL, generate, run, until
from tests.engine.registry import registry


class Step:
    """The step of a bundle that brings the base image."""

    def __init__(self, folder: Path, *sets: str) -> None:
        self.bundle = generate(folder, f"gt-{secrets.token_hex(4)}", *SMALL, *sets)
        self.prior = self.bundle.path / ".state/prior"
        self.prior.mkdir(parents=True)
        (self.bundle.path / ".state").chmod(0o700)
        (self.bundle.path / ".state/instance").write_text(secrets.token_hex(8) + "\n")

    def env(self, scope: str) -> dict[str, str]:
        return {**os.environ, "GEN_RUN": "run", "GEN_PRIOR": str(self.prior), "GEN_UNDO": scope}

    def script(self, phase: str, scope: str = "") -> subprocess.CompletedProcess[str]:
        return run(self.bundle.path / f"steps/30-base-image/{phase}.sh", check=False, env=self.env(scope))

    def undo(self, scope: str) -> None:
        if scope == "all":
            # What a run kept of the state before it is gone when it has committed.
            shutil.rmtree(self.prior)
            self.prior.mkdir()
        for _ in range(2):
            done = self.script("undo", scope)
            assert done.returncode == 0, done.stdout + done.stderr
        assert self.script("verify", scope).returncode == 1


def images() -> set[str]:
    told = run(
        "docker",
        "images",
        "--all",
        "--no-trunc",
        "--digests",
        "--format",
        "{{.ID}} {{.Repository}}:{{.Tag}} {{.Digest}}",
    )
    return set(told.stdout.splitlines())


@pytest.fixture
def somebase(tmp_path: Path) -> Iterator[str]:
    """An image that is large enough for a system, known by nothing but its id."""
    with tarfile.open(tmp_path / "root.tar", "w") as tar:
        member = tarfile.TarInfo("something")
        member.size = 11 << 20
        tar.addfile(member, io.BytesIO(secrets.token_bytes(member.size)))
    image = run("docker", "import", tmp_path / "root.tar").stdout.strip()
    yield image
    run("docker", "rmi", "--force", image, check=False)


@pytest.mark.parametrize(
    ("known", "scope"),
    [("by its id", "all"), ("by its digest", "run"), ("by its digest", "all"), ("not at all", "all")],
)
def test_a_pull_and_its_undo_leave_what_somebody_has(
    tmp_path: Path, base_image: str, somebase: str, known: str, scope: str
) -> None:
    (served := tmp_path / "served").mkdir()
    with registry(served, somebase, base_image) as name:
        if known != "by its id":
            run("docker", "rmi", somebase)
        if known == "by its digest":
            run("docker", "pull", f"{name.rsplit(':', 1)[0]}@sha256:{(served / 'manifest').read_text()}")
        before = images()
        step = Step(tmp_path / "bundle", f"image.base={name}", "image.source=registry")
        assert step.script("verify").returncode == 1
        done = step.script("do")
        assert done.returncode == 0, done.stdout + done.stderr
        assert step.script("verify").returncode == 0
        assert images() != before
        step.undo(scope)
        assert images() == before


def test_an_archive_and_its_undo_leave_what_somebody_has(tmp_path: Path, somebase: str) -> None:
    run("docker", "save", "--output", tmp_path / "base.tar", somebase)
    before = images()
    step = Step(tmp_path / "bundle", "image.source=archive", f"image.archive={tmp_path}/base.tar")
    done = step.script("do")
    assert done.returncode == 0, done.stdout + done.stderr
    assert step.script("verify").returncode == 0
    # As an undo leaves it that was killed when the name was on the image of nothing.
    kind, token, _, own = (step.bundle.path / ".state/owned").read_text().split()
    assert kind == "name"
    run(
        "bash",
        "-c",
        'tar -cf - -T /dev/null | docker import - "$1" && docker tag "$1" "$2"',
        "bash",
        f"gen-nothing:{token}",
        own,
    )
    step.undo("all")
    assert images() == before


def test_who_names_another_image_during_the_pull_keeps_the_name(tmp_path: Path, base_image: str, somebase: str) -> None:
    (served := tmp_path / "served").mkdir()
    with registry(served, somebase, base_image) as name:
        run("docker", "rmi", somebase)
        step = Step(tmp_path / "bundle", f"image.base={name}", "image.source=registry")
        (served / "hold").touch()
        pipe = subprocess.PIPE
        script = step.bundle.path / "steps/30-base-image/do.sh"
        with subprocess.Popen([script], stdout=pipe, stderr=subprocess.STDOUT, text=True, env=step.env("")) as pulling:
            until((served / "held").exists)
            run("docker", "tag", base_image, name)
            before = images()
            (served / "hold").unlink()
            said, _ = pulling.communicate()
        assert pulling.returncode == 0, said
        assert "is theirs and stays" in said
        assert images() == before
        assert step.script("verify").returncode == 0
        step.undo("run")
        assert images() == before
        run("docker", "rmi", name)
