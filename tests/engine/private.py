"""A private engine: a daemon of its own, which may be hurt without hurting anybody's sandboxes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.engine.conftest import SMALL, Inventory, base_of_tests, generate, inventory, on_base, run

PRIVATE = Path(__file__).parents[2] / "tools" / "private-engine.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateEngine:
    """A daemon with its socket and its data under `folder`, which has a short name: a socket's path may not be long."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "DOCKER_HOST": f"unix://{self.folder}/docker.sock"}

    def start(self, *images: str) -> None:
        """Starts it, on the data that it had, and copies images of the host's engine into it."""
        run(PRIVATE, "start", self.folder, *images)

    def kill(self) -> None:
        """SIGKILL for the daemon and its containerd; the data stay."""
        run(PRIVATE, "kill", self.folder)

    def stop(self) -> None:
        run(PRIVATE, "stop", self.folder)

    def signal(self, number: signal.Signals) -> None:
        """To the daemon alone, by its own pid."""
        os.kill(int((self.folder / "docker.pid").read_text()), number)

    def mend(self) -> None:
        """Whatever was done to it, it answers again."""
        with contextlib.suppress(OSError):
            self.signal(signal.SIGCONT)
        self.start()

    def docker(self, *argv: str, check: bool = True) -> str:
        return run("docker", *argv, env=self.env, check=check).stdout.strip()

    def inventory(self) -> Inventory:
        return inventory(self.env, self.folder)


def fill_build_cache(folder: Path) -> None:
    """Builds the image of a small bundle, for the engines that begin with the data of this one. The cache stays."""
    bundle = generate(folder, "cache", *SMALL, *on_base(base_of_tests()))
    (bundle.path / ".state").mkdir(mode=0o700)
    run("bash", bundle.path / "steps/40-image/do.sh")
    (image,) = re.findall(r"^GEN_IMAGE_REF=(\S+)", (bundle.path / "lib/settings.sh").read_text(), re.MULTILINE)
    run("docker", "rmi", image)
