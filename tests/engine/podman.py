"""A private Podman: a client with containers, images and networks of its own, for a host without Docker."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.engine.conftest import Inventory, loops_and_links, mount_points, run

TOOL = Path(__file__).parents[2] / "tools" / "podman.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivatePodman:
    """All of it lies under `folder`."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """With it a bundle's scripts take this client, although this host has Docker's as well."""
        return {"GEN_CLIENT": "podman", "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def start(self, image: str) -> None:
        """Makes it, with an image of the host's Docker."""
        run(TOOL, "private", self.folder)
        archive = self.folder / "image.tar"
        run("docker", "save", "--output", archive, image)
        self.podman("load", "--quiet", "--input", str(archive))
        archive.unlink()

    def podman(self, *argv: str, check: bool = True) -> str:
        return run(self.folder / "bin" / "podman", *argv, check=check).stdout.strip()

    def end(self) -> None:
        """Whatever a test left: containers first, then what they had mounted."""
        self.podman("rm", "--all", "--force", check=False)
        for point in sorted((point for point in mount_points() if self.folder in Path(point).parents), reverse=True):
            run("umount", point, check=False)

    def inventory(self) -> Inventory:
        """All that it holds, builds that were cut off among it, and of the kernel what a bundle could touch."""

        def ask(*argv: str) -> frozenset[str]:
            return frozenset(self.podman(*argv).splitlines())

        return Inventory(
            containers=ask("ps", "--all", "--external", "--no-trunc", "--format", "{{.ID}} {{.Names}}"),
            volumes=ask("volume", "ls", "--format", "{{.Name}} {{.Driver}}"),
            networks=ask("network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"),
            images=ask("images", "--all", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"),
            loops=frozenset(loop for loop in loops_and_links() if str(self.folder) in loop),
            mounts=frozenset(point for point in mount_points() if self.folder in Path(point).parents),
            machines=frozenset(),
        )
