"""What a user adds in local/ is looked at as Compose takes it: what no check would see is refused, and a plan's hash
covers all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import Bundle, MakeBundle, inventory, run
from tests.engine.test_checks import failing, says
from tests.engine.test_plan import plan
from tests.engine.test_safe import make_project, safe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["safe"]

HELPER = "services: {helper: {image: x, privileged: true}, sandbox: {depends_on: [helper]}}"
# What local/compose.override.yaml says, and what is named as the reason of the refusal.
REFUSED = {
    "a helper": (HELPER, "services.helper"),
    "a helper that nothing needs": ("services: {helper: {image: x}}", "services.helper"),
    "a helper of another file": ("include: [local/more.yaml]", "services.helper"),
    "a volume": ("services: {sandbox: {volumes: ['more:/v']}}\nvolumes: {more: {}}", "volumes.more"),
    "somebody's volume": ("volumes: {workspace: {name: theirs}}", "volumes.workspace"),
    "a network": ("services: {sandbox: {networks: [n]}}\nnetworks: {n: {}}", "networks.n"),
    "somebody's network": ("networks: {sandbox: {name: theirs}}", "networks.sandbox"),
    "a file": ("services: {sandbox: {configs: [c]}}\nconfigs: {c: {content: x}}", "configs of the sandbox"),
    "a key": ("services: {sandbox: {secrets: [s]}}\nsecrets: {s: {environment: HOME}}", "secrets of the sandbox"),
    "our mark": ("services: {sandbox: {labels: {gen.instance: mine}}}", "labels.gen.instance of the sandbox"),
    "our token": ("services: {sandbox: {annotations: {gen.token: x}}}", "annotations.gen.token of the sandbox"),
    "our name": ("services: {sandbox: {container_name: other}}", "container_name of the sandbox"),
    "no name": ("services: {sandbox: {container_name: !reset null}}", "container_name of the sandbox"),
    "another image": ("services: {sandbox: {image: other}}", "image of the sandbox"),
    "a folder that is made": ("services: {sandbox: {volumes: ['/nonexistent/x:/x']}}", "/nonexistent/x"),
    "a variable": ("services: {sandbox: {hostname: 'a${WHAT}'}}", 'variable is not set'),
    "no Compose": ("services: {sandbox: {x: y}}", "x is not allowed"),
}  # fmt: skip


def override(bundle: Bundle, text: str) -> None:
    (bundle.path / "local").mkdir(exist_ok=True)
    (bundle.path / "local/compose.override.yaml").write_text(text + "\n")
    (bundle.path / "local/more.yaml").write_text("services: {helper: {image: x}}\n")


@pytest.fixture(scope="module")
def running(shared: Bundle) -> Iterator[Bundle]:
    """The sandbox of this module, without additions in the end."""
    yield shared
    (shared.path / "local/compose.override.yaml").unlink(missing_ok=True)


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_check_sees_and_no_rollback_undoes_is_refused(running: Bundle, what: str) -> None:
    text, named = REFUSED[what]
    override(running, text)
    before = inventory()
    (reason,) = plan(running, 4, WHAT="/root")["blocked"]
    assert (reason["step"], reason["owner_only"]) == ("10-preflight", True)
    assert named in reason["what"]
    assert running.script("scripts/start.sh", check=False).returncode == 1
    # Nothing of it stands beside the sandbox, and the check tells what the next start would meet.
    assert inventory() - before == {}
    assert named in says(running, "settings")


def test_what_was_made_beside_the_sandbox_is_seen(make_bundle: MakeBundle, base_image: str) -> None:
    bundle = make_bundle()
    bundle.start()
    assert failing(bundle, "settings") == set()
    project = run("docker", "inspect", "--format", '{{index .Config.Labels "com.docker.compose.project"}}', bundle.name)
    label = f"com.docker.compose.project={project.stdout.strip()}"
    helper = run("docker", "create", "--label", label, base_image).stdout.strip()
    run("docker", "volume", "create", "--label", label, f"{bundle.name}-cache")
    try:
        found = says(bundle, "settings")
        assert f"made beside the sandbox: container {helper}" in found
        assert f"made beside the sandbox: volume {bundle.name}-cache" in found
    finally:
        run("docker", "rm", helper)
        run("docker", "volume", "rm", f"{bundle.name}-cache")


def test_the_hash_is_of_what_compose_makes_of_all_files_and_of_no_shell(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("agent.env=[OPENAI_API_KEY]")
    override(bundle, "services: {sandbox: {env_file: [local/x.env], extends: {file: local/more.yaml, service: more}}}")
    local = bundle.path / "local"
    seen = [plan(bundle, 4)["blocked"][0]["what"]]
    assert "x.env" in seen[0] or "more" in seen[0]
    hashes: list[str] = []
    for env, more in (("A=1", "cpu_shares: 512"), ("A=2", "cpu_shares: 512"), ("A=2", "pid: host")):
        (local / "x.env").write_text(f"{env}\n")
        (local / "more.yaml").write_text(f"services: {{more: {{{more}}}}}\n")
        hashes.append(plan(bundle)["hash"])
    assert len(set(hashes)) == 3
    # A filter that is read when the container is made.
    override(bundle, "services: {sandbox: {security_opt: ['seccomp:local/filter.json']}}")
    for text in ("{}", "{ }"):
        (local / "filter.json").write_text(text)
        hashes.append(plan(bundle)["hash"])
    # What some shell has set decides nothing; a key of the sandbox's is no part of what is approved.
    override(bundle, "services: {sandbox: {volumes: ['${WHAT:-workspace}:/mnt/x']}}")
    hashes.append(plan(bundle)["hash"])
    assert plan(bundle, WHAT="/root", COMPOSE_PROFILES="x", OPENAI_API_KEY="k")["hash"] == hashes[-1]
    assert len(set(hashes)) == len(hashes)
    bundle.env["WHAT"] = "/root"
    bundle.script("scripts/start.sh", "--approve", hashes[-1])
    assert "/root" not in run("docker", "inspect", "--format", "{{json .Mounts}}", bundle.name).stdout


def test_a_sandbox_of_another_state_of_such_a_file_is_made_anew(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    override(bundle, "services: {sandbox: {extends: {file: local/more.yaml, service: more}}}")
    more = bundle.path / "local/more.yaml"
    more.write_text("services: {more: {cpu_shares: 512, pid: host}}\n")
    bundle.start()
    more.write_text("services: {more: {cpu_shares: 512}}\n")
    assert "gen.local" in says(bundle, "settings")
    assert "result=committed" in bundle.start().stdout
    assert run("docker", "inspect", "--format", "{{.HostConfig.PidMode}}", bundle.name).stdout.strip() == ""


def test_the_hash_is_of_the_base_that_the_image_begins_with(make_bundle: MakeBundle, tmp_path: Path) -> None:
    """A tag, and an archive, may be another's by the time of the start."""
    base = f"{tmp_path.name.replace('_', '-')}:1"
    bundle, hashes = make_bundle(f"image.base={base}"), []
    archive = make_bundle(f"image.base={base}", "image.source=archive")
    (archive.path / "local").mkdir()
    for text in ("one", "two"):
        (tmp_path / "file").write_text(text * 6_000_000)
        run("tar", "-C", tmp_path, "-cf", archive.path / "local/base.tar", "file")
        hashes.append(plan(archive)["hash"])
        run("docker", "import", archive.path / "local/base.tar", base)
        try:
            hashes.append(plan(bundle)["hash"])
        finally:
            run("docker", "rmi", base)
    assert len(set(hashes)) == 4


def test_a_start_that_is_refused_keeps_no_project(safe: MakeBundle, tmp_path: Path) -> None:
    bundle, project = safe(), make_project(tmp_path / "project")
    words = ("scripts/start.sh", "--project", str(project))
    assert bundle.script(*words, "--approve", "0" * 64, check=False).returncode == 4
    readme = bundle.path / "README.md"
    text = readme.read_text()
    readme.write_text(text + "\n")
    assert bundle.script(*words, check=False).returncode == 4
    readme.write_text(text)
    assert not (bundle.path / "local/project").exists()
