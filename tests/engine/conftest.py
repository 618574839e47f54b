"""Real bundles on a real engine.

Each bundle of a test has a name and a folder of its own. What the engine and the kernel hold is compared as whole
inventories, not by our label.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.cli import main as gen

if TYPE_CHECKING:
    from tests.engine.private import PrivateEngine

BUILD_LIMIT = 900

SMALL = ("agent.name=none", "storage.size=256M", "resources.tmpfs=64M", "resources.memory=1G", "resources.cpus=1",
         "image.node=none", "image.packages=[]")  # fmt: skip
"""What most tests need of a sandbox: everything but the large packages."""

PACKAGES = ("ca-certificates", "curl", "e2fsprogs", "fakeroot", "git", "gzip", "iproute2", "iputils-ping", "mount",
            "passwd", "procps", "python3", "python3-pip", "python3-venv", "tar", "util-linux")  # fmt: skip
"""What the base image of the tests has, and with it the image of a small bundle."""

HOST = ("build.apt_mirror=host", "build.ca_certificates=host")
"""What the profile dev needs besides, to build where this host reaches packages by a mirror and a proxy of its own."""


def run(
    *argv: str | Path, check: bool = True, limit: float = BUILD_LIMIT, **options: object
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; its output stands in the failure when `check` and it fails."""
    done = subprocess.run(
        [str(word) for word in argv],
        capture_output=True,
        text=True,
        timeout=limit,
        stdin=subprocess.DEVNULL,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    if check and done.returncode != 0:
        pytest.fail(f"{argv} ended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}", pytrace=False)
    return done  # type: ignore[no-any-return]


def until(holds: Callable[[], bool]) -> None:
    """Waits for something that comes by itself, and asks ever less often: what asks takes from what is waited for."""
    end, pause = time.monotonic() + 600, 0.1
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(pause := min(pause * 1.5, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All that an engine and a kernel hold which a bundle could touch."""

    containers: frozenset[str]
    volumes: frozenset[str]
    networks: frozenset[str]
    images: frozenset[str]
    loops: frozenset[str]
    mounts: frozenset[str]
    machines: frozenset[str]

    def __sub__(self, other: Inventory) -> dict[str, set[str]]:
        """What is in one and not in the other, either way, by kind; empty when they agree."""
        kinds = {kind: set(getattr(self, kind) ^ getattr(other, kind)) for kind in self.__slots__}
        return {kind: difference for kind, difference in kinds.items() if difference}


def loops_and_links() -> set[str]:
    """Each attached loop device with the file behind it, and each link of ours to one."""
    found = {f"link {link}" for link in Path("/dev").glob("gen-workspace-*")}
    for file in Path("/sys/block").glob("loop*/loop/backing_file"):
        # One of somebody else's may go while we look.
        with contextlib.suppress(OSError):
            found.add(f"{file.parent.parent.name} {file.read_text().strip()}")
    return found


WORKSPACE = r"workspace-(\w+)"


def lanes_of(own: Path) -> list[Path]:
    """The folders of `lanes` that this one is in, itself among them: what is beside them is others' work."""
    return [folder for folder in (own, *own.parents) if folder.parent.name == "lanes"]


def marks_of(own: Path) -> set[str]:
    """The numbers of the bundles in a folder. A path alone does not tell whose a loop device is."""
    below = ("", "*/", "pytest-of-*/pytest-*/*/", "pytest-of-*/pytest-*/*/*/")
    return {mark.read_text().strip() for place in below for mark in own.glob(f"{place}*/.state/instance")}


def machines_of(own: Path) -> set[str]:
    """The microVMs that run with their state in a folder below this one."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        # One that ends while we look is none.
        with contextlib.suppress(OSError):
            place = (process / "cwd").readlink()
            if (process / "comm").read_text().startswith("qemu-system") and place.is_relative_to(own):
                found.add(str(place))
    return found


PASSING = re.compile(r"/overlay2/[^/]+/merged$|/buildkit/|/volumes/[^/]+/_data$|/containers/storage/overlay$")
"""What an engine mounts for a container or a build comes and goes with it."""


def mount_points() -> dict[str, str]:
    """Where something is mounted, and from what."""
    mounts = [line.split(" - ") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    points = {left.split()[4]: right.split()[1] for left, right in mounts if not right.startswith("nsfs ")}
    return {point: source for point, source in points.items() if not PASSING.search(point)}


def inventory(env: dict[str, str] | None = None, folder: Path | None = None) -> Inventory:
    """All of it, but what other private engines hold: those that work side by side have each a folder in `lanes`."""
    own = folder or Path(tempfile.gettempdir())
    loops, mounts = loops_and_links(), mount_points()
    lanes = lanes_of(own)
    if lanes:
        # The kernel has one table of loop devices for all, and whatever else is at work on this machine mounts what it
        # likes: what is ours is below the lane, or shows a workspace that a bundle there made.
        marks = marks_of(own)

        def ours(path: str, source: str, place: Path) -> bool:
            found = re.search(WORKSPACE, source)
            return place in Path(path).parents or (found is not None and found[1] in marks)

        loops = {loop for loop in loops if ours(loop.split(" ")[1], loop, own)}
        mounts = {point: source for point, source in mounts.items() if ours(point, source, lanes[0])}

    def ask(*argv: str) -> frozenset[str]:
        return frozenset(run("docker", *argv, env=env).stdout.splitlines())

    return Inventory(
        containers=ask("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}"),
        volumes=ask("volume", "ls", "--format", "{{.Name}} {{.Driver}}"),
        # Without the engine's own, which it makes anew when it starts.
        networks=ask("network", "ls", "--no-trunc", "--filter", "type=custom", "--format", "{{.ID}} {{.Name}}"),
        images=ask("images", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"),
        loops=frozenset(loops),
        mounts=frozenset(mounts),
        machines=frozenset(machines_of(own)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A generated bundle and its scripts."""

    name: str
    path: Path
    env: dict[str, str] = field(default_factory=dict)

    def script(
        self, script: str, *args: str, check: bool = True, **options: object
    ) -> subprocess.CompletedProcess[str]:
        return run(self.path / script, *args, check=check, env={**os.environ, **self.env}, **options)

    def start(self, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.script("scripts/start.sh", check=check)

    def inside(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run("docker", "exec", self.name, *argv, check=check, env={**os.environ, **self.env})

    def rollback(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.script("rollback.sh", *args, check=check)

    @property
    def image_file(self) -> Path:
        (image,) = (self.path / "storage").glob("workspace-*.img")
        return image

    @property
    def device(self) -> Path:
        """The link to whichever loop device has the disk image."""
        return Path(f"/dev/gen-workspace-{(self.path / '.state' / 'instance').read_text().strip()}")

    def rewrite(self, path: str, text: str) -> str:
        """Puts another text into a file of the bundle, and its digest into the manifest. The text that was there."""
        file, manifest = self.path / path, self.path / "MANIFEST.sha256"
        old = file.read_text()
        file.write_text(text)
        digests = [hashlib.sha256(one.encode()).hexdigest() for one in (old, text)]
        manifest.write_text(manifest.read_text().replace(*digests))
        return old

    def inspect(self, template: str) -> str:
        return run("docker", "inspect", "--format", template, self.name).stdout.strip()


def launch(bundle: Bundle) -> subprocess.Popen[str]:
    """start.sh, running, in a process group of its own."""
    pipe = subprocess.PIPE
    script = bundle.path / "scripts/start.sh"
    return subprocess.Popen([script], stdout=pipe, stderr=subprocess.STDOUT, text=True, start_new_session=True)


MakeBundle = Callable[..., Bundle]


def generate(folder: Path, name: str, *sets: str, profile: str = "dev-mirror") -> Bundle:
    """Compiles a bundle with the command, but without a Python of its own: there are hundreds."""
    words = [word for value in (f"name={name}", *sets) for word in ("--set", value)]
    assert gen(["bundle", "--quiet", "--profile", profile, "--out", str(folder), *words]) == 0
    return Bundle(name=name, path=folder)


def base_of_tests() -> str:
    """The base image, made once from the mirror and kept for all tests under a name of its own.

    It has the packages that a small bundle asks for, so that a build is short; test_whole.py installs all of them.
    """
    name = "gen-test-base:packages"
    if not run("docker", "images", "--quiet", name).stdout:
        make = f"mmdebstrap --variant=minbase --include={','.join(PACKAGES)} bookworm -"
        take = f"docker import --change 'CMD [\"/bin/bash\"]' - {name}"
        run("bash", "-eo", "pipefail", "-c", f"{make} | {take}", env={**os.environ, "SOURCE_DATE_EPOCH": "1704067200"})
    return name


@pytest.fixture(scope="session")
def base_image() -> str:
    """The base image of all tests."""
    return base_of_tests()


@pytest.fixture(scope="session")
def private_engine(base_image: str) -> Iterator[PrivateEngine]:
    """One private engine for the tests of a session that hurt, stop or configure it, and leave it as it was."""
    from tests.engine.private import PrivateEngine

    if os.geteuid() != 0:
        pytest.skip("a private engine needs root")
    with tempfile.TemporaryDirectory(prefix="p-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        private = PrivateEngine(folder=Path(folder))
        private.start(base_image)
        yield private
        private.stop()


@contextlib.contextmanager
def bundle_maker(folder: Path, base_image: str, *common: str, profile: str = "dev-mirror") -> Iterator[MakeBundle]:
    """Makes small bundles on the shared base image, with these settings in `common`; each is rolled back in the end,
    whatever happened to it."""
    made: list[Bundle] = []

    def make(*sets: str, name: str | None = None, where: str | None = None) -> Bundle:
        name = name or f"gt-{secrets.token_hex(4)}"
        bundle = generate(folder / (where or name), name, *SMALL, *on_base(base_image), *common, *sets, profile=profile)
        made.append(bundle)
        return bundle

    try:
        yield make
    finally:
        for bundle in reversed(made):
            done = bundle.rollback("--delete-data", check=False)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def make_bundle(tmp_path: Path, base_image: str) -> Iterator[MakeBundle]:
    """Bundles of one test."""
    with bundle_maker(tmp_path, base_image) as make:
        yield make


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, base_image: str) -> Iterator[Bundle]:
    """One running sandbox for the tests of a module that leave it as they found it."""
    with bundle_maker(tmp_path_factory.mktemp("shared"), base_image) as make:
        bundle = make("agent.env=[OPENAI_API_KEY]")
        bundle.start()
        yield bundle


def on_base(base_image: str) -> tuple[str, ...]:
    """Settings that make a bundle begin with an image that is in the engine already."""
    return (f"image.base={base_image}", "image.source=registry")
