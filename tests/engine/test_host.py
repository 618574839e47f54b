"""What a host may hold against us, and what is somebody else's."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import SMALL, MakeBundle, generate, inventory, on_base, run


@pytest.fixture
def foreign(base_image: str) -> Iterator[str]:
    """Somebody else's container, volume and network under the names that a bundle will use."""
    name = f"gt-{secrets.token_hex(4)}"
    run("docker", "volume", "create", f"{name}-workspace")
    run("docker", "network", "create", "--subnet", "10.99.77.0/28", f"{name}-network")
    options = ("--init", "--name", name, "--network", f"{name}-network", "--volume", f"{name}-workspace:/data")
    run("docker", "run", "--detach", *options, base_image, "sh", "-c", "echo theirs > /data/file; sleep 1000")
    yield name
    run("docker", "rm", "--force", name)
    run("docker", "network", "rm", f"{name}-network")
    run("docker", "volume", "rm", f"{name}-workspace")


def facts_of(name: str) -> str:
    container = run(
        "docker", "inspect", "--format", "{{.Id}} {{.Name}} {{.State.Status}} {{.State.StartedAt}}", name
    ).stdout
    return container + run("docker", "exec", name, "cat", "/data/file").stdout


def test_foreign_objects_under_our_names_come_back_as_they_were(make_bundle: MakeBundle, foreign: str) -> None:
    before, theirs = inventory(), facts_of(foreign)
    bundle = make_bundle(name=foreign)
    bundle.start()
    bundle.script("test-setup.sh")
    assert bundle.inspect("{{.Id}}") not in theirs
    assert (
        run("docker", "volume", "inspect", f"{foreign}-workspace", "--format", "{{.Options}}").stdout.strip() == "map[]"
    ), "not touched"
    bundle.rollback()
    assert (inventory() - before) == {}
    assert facts_of(foreign) == theirs, "the same container, never stopped"


def test_foreign_objects_come_back_after_a_failed_run(make_bundle: MakeBundle, foreign: str) -> None:
    before, theirs = inventory(), facts_of(foreign)
    bundle = make_bundle("image.packages=[no-such-package-anywhere]", name=foreign)
    assert bundle.start(check=False).returncode == 1
    assert (inventory() - before) == {}
    assert facts_of(foreign) == theirs


def test_a_failing_build_leaves_nothing_and_shows_the_log(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("image.packages=[no-such-package-anywhere]")
    before = inventory()
    done = bundle.start(check=False)
    assert done.returncode == 1
    assert "failed_step=40-image" in done.stdout.splitlines()[-1]
    assert "no-such-package-anywhere" in done.stderr
    assert (inventory() - before) == {}


def test_two_bundles_never_share_a_name(make_bundle: MakeBundle) -> None:
    first = make_bundle()
    first.start()
    second = make_bundle(name=first.name, where="second")
    before = inventory()
    done = second.start(check=False)
    assert done.returncode == 1
    assert "another bundle on this machine" in done.stdout + done.stderr
    assert str(first.path) in done.stdout + done.stderr
    assert (inventory() - before) == {}


def test_a_free_subnet_is_found_next_to_taken_ones(make_bundle: MakeBundle) -> None:
    taken = f"gt-net-{secrets.token_hex(4)}"
    existing = run("docker", "network", "create", "--subnet", "172.30.0.0/25", taken, check=False)
    try:
        bundle = make_bundle()
        bundle.start()
        subnet = run(
            "docker",
            "network",
            "inspect",
            "--format",
            "{{range .IPAM.Config}}{{.Subnet}}{{end}}",
            f"{bundle.name}-network",
        ).stdout.strip()
        assert subnet.endswith("/24")
        assert subnet != "172.30.0.0/24"
    finally:
        if existing.returncode == 0:
            run("docker", "network", "rm", taken, check=False)


def test_a_taken_subnet_is_an_error_with_its_mend(make_bundle: MakeBundle) -> None:
    taken = f"gt-net-{secrets.token_hex(4)}"
    run("docker", "network", "create", "--subnet", "10.88.66.0/24", taken)
    try:
        before = inventory()
        done = make_bundle("network.subnet=10.88.66.128/25").start(check=False)
        assert done.returncode == 1
        assert "10.88.66.128/25 is taken" in done.stderr
        assert "network.subnet=auto" in done.stderr
        assert (inventory() - before) == {}
    finally:
        run("docker", "network", "rm", taken)


def test_no_daemon(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    bundle.env["DOCKER_HOST"] = f"unix://{tmp_path}/none.sock"
    done = bundle.start(check=False)
    bundle.env.clear()
    assert done.returncode == 1
    assert "the engine does not answer" in done.stderr
    assert "systemctl start docker" in done.stderr
    assert "result=failed" in done.stdout.splitlines()[-1]


def test_no_docker_command(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = make_bundle()
    tools = tmp_path / "bin"
    tools.mkdir()
    for folder in ("/usr/bin", "/bin"):
        for file in Path(folder).iterdir():
            if not file.name.startswith(("docker", "podman")) and not (tools / file.name).exists():
                (tools / file.name).symlink_to(file)
    bundle.env["PATH"] = str(tools)
    done = bundle.start(check=False)
    bundle.env.clear()
    assert (done.returncode, "docker is not installed" in done.stderr) == (1, True)


def respell(archive: Path, key: str) -> None:
    """The names of an archive under another key, as only some readers take it."""
    old = archive.with_suffix(".old")
    archive.rename(old)
    with tarfile.open(old) as source, tarfile.open(archive, "w") as target:
        for member in source:
            content = source.extractfile(member)
            text = content.read() if content else b""
            if member.name == "manifest.json":
                text = text.replace(b'"RepoTags"', f'"{key}"'.encode())
                member.size = len(text)
            if member.name != "index.json":
                target.addfile(member, io.BytesIO(text))
    old.unlink()


@pytest.mark.parametrize("key", ["RepoTags", "repotags"])
def test_an_archive_is_loaded_and_foreign_names_in_it_stay_theirs(key: str, tmp_path: Path, base_image: str) -> None:
    """The archive carries a name under which this engine has another image: that name keeps its image, all the time."""
    theirs = f"gt-{secrets.token_hex(4)}:tag"
    name = f"gt-{secrets.token_hex(4)}"
    archive = tmp_path / "base.tar"
    run("docker", "tag", base_image, theirs)
    run("docker", "save", "--output", archive, theirs)
    respell(archive, key)
    run("bash", "-c", f"printf 'FROM {base_image}\\nLABEL other=1\\n' | docker build --tag {theirs} -")
    image = run("docker", "images", "--quiet", "--no-trunc", theirs).stdout
    before = inventory()
    bundle = generate(
        tmp_path / name, name, *SMALL, "image.source=archive", f"image.archive={archive}", "image.base=debian:bookworm"
    )
    try:
        bundle.start()
        assert run("docker", "images", "--quiet", "--no-trunc", theirs).stdout == image
        if key == "RepoTags":
            bundle.script("test-setup.sh")
    finally:
        bundle.rollback("--delete-data")
        after = inventory()
        run("docker", "rmi", theirs)
    assert (after - before) == {}


def test_a_base_whose_user_ids_are_taken(tmp_path: Path, base_image: str) -> None:
    """Ubuntu 24.04 comes with a user 1000; here the base has one, and another under our user's own name."""
    base = f"gt-{secrets.token_hex(4)}:taken"
    name = f"gt-{secrets.token_hex(4)}"
    recipe = f"FROM {base_image}\\nRUN useradd --uid 1000 ubuntu && useradd --uid 4242 aiuser\\n"
    run("bash", "-c", f"printf '{recipe}' | docker build --tag {base} -")
    bundle = generate(tmp_path / name, name, *SMALL, *on_base(base))
    try:
        bundle.start()
        assert bundle.inside("id", "-un").stdout == "aiuser\n"
        assert bundle.inside("id", "-u").stdout == "1000\n"
        bundle.script("test-setup.sh")
    finally:
        bundle.rollback("--delete-data")
        run("docker", "rmi", base)
