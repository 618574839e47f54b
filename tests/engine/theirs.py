"""What somebody else makes on an engine, from a bundle's objects or beside them."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from tests.engine.conftest import Bundle, run

AS_IT_WAS = "nothing that it made is left, nothing that it moved is missing"
SLEEP = ("sh", "-c", "sleep 1000")
LIVES = "{{.Id}} {{.Name}} {{.State.Status}} {{.State.StartedAt}} {{.State.FinishedAt}} {{.Image}}"


def instance(bundle: Bundle) -> str:
    return (bundle.path / ".state/instance").read_text().strip()


def image_name(bundle: Bundle) -> str:
    (name,) = re.findall(r"^GEN_IMAGE_REF=(\S+)", (bundle.path / "lib/settings.sh").read_text(), re.MULTILINE)
    return str(name)


def labelled(bundle: Bundle, kind: str = "ps --all") -> set[str]:
    """The ids of what bears the bundle's label: what an earlier version took for its own."""
    words = ("docker", *kind.split(), "--quiet", "--no-trunc", "--filter", f"label=gen.instance={instance(bundle)}")
    return set(run(*words).stdout.split())


def facts(*containers: str) -> list[str]:
    return [run("docker", "inspect", "--format", LIVES, name).stdout for name in containers]


class Theirs:
    """What somebody else makes; it is taken away at the end."""

    def __init__(self) -> None:
        self.name = f"gt-theirs-{secrets.token_hex(4)}"
        self.made: list[tuple[str, ...]] = []

    def container(self, image: str, *options: str, start: bool = True) -> str:
        name = f"{self.name}-{len(self.made)}"
        self.made.append(("rm", "--force", name))
        verb = ("run", "--detach") if start else ("create",)
        return run("docker", *verb, "--init", "--name", name, *options, image, *SLEEP).stdout.strip()

    def commit(self, container: str, name: str | None = None, *change: str) -> str:
        name = name or f"{self.name}:{len(self.made)}"
        self.made.append(("rmi", name))
        return run("docker", "commit", *change, container, name).stdout.strip()

    def child(self, image: str, folder: Path) -> str:
        name = f"{self.name}:{len(self.made)}"
        self.made.append(("rmi", name))
        (folder / "Dockerfile").write_text(f"FROM {image}\nRUN echo theirs >/var/tmp/theirs\n")
        run("docker", "build", "--tag", name, folder)
        return run("docker", "image", "inspect", "--format", "{{.Id}}", name).stdout.strip()

    def end(self) -> None:
        for words in reversed(self.made):
            run("docker", *words, check=False)
