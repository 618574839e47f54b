"""Podman in Docker's place: when it is, and its answers in Docker's words for as long as the doctor looks.

It has no daemon, so its own service is started for that, on a socket that nobody else knows.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from generator.execute.process import ask, beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Client = Literal["docker", "podman"]
STARTING = 10


def client_here(environment: Mapping[str, str] = os.environ) -> Client:
    """Whose client a new bundle would use here, as lib/client.sh has it: GEN_CLIENT, else Docker's if there is one."""
    path = environment.get("PATH")
    said, docker = environment.get("GEN_CLIENT", ""), shutil.which("docker", path=path)
    if said in ("docker", "podman"):
        return "podman" if said == "podman" else "docker"
    if shutil.which("podman", path=path) is None:
        return "docker"
    return "podman" if docker is None or _is_podman(Path(docker)) else "docker"


def _is_podman(docker: Path) -> bool:
    """Whether that is only another name of Podman's client: a link, or a script that calls it."""
    if docker.resolve().name == "podman":
        return True
    try:
        with docker.open("rb") as file:
            return file.read(2) == b"#!" and b"podman" in file.read(4096)
    except OSError:
        return False


@contextlib.contextmanager
def podman_service() -> Iterator[str]:
    """The socket of Podman's service, which ends with the block.

    Raises OSError, with what Podman said, when it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="gen-") as folder:
        socket, said = Path(folder) / "podman.sock", Path(folder) / "said"
        with beside("podman", "system", "service", "--time", "0", f"unix://{socket}", said=said) as process:
            end = time.monotonic() + STARTING
            while not socket.exists():
                if process.poll() is not None or time.monotonic() > end:
                    raise OSError(said.read_text("utf-8", "replace").strip() or "its service does not come up")
                time.sleep(0.05)
            yield f"unix://{socket}"


def boot_under(runtime: str, image: str, limit: float) -> str:
    """Runs `true` in a container under that runtime, which the service cannot be told. Empty when that went well."""
    flags = ("--runtime", runtime, "--runtime-flag", "network=none")
    words = ("run", "--rm", "--pull", "never", "--network", "none", "--cap-drop", "all", "--label", "gen.role=probe")
    done = ask("podman", *flags, *words, "--entrypoint", "true", image, limit=limit)
    return "" if done.code == 0 else " ".join(done.text.split())[:300] or f"`true` ended with {done.code}"


def remove(container: str) -> str:
    """Removes a container by its id. Gives what went wrong; empty when it is gone."""
    done = ask("podman", "rm", "--force", container, limit=60)
    return "" if done.code == 0 else " ".join(done.text.split())[:300] or f"podman ended with {done.code}"


def token(container: str) -> str:
    """The annotation of whoever made a container, which its service does not tell; empty when it has none."""
    template = '{{index .Config.Annotations "gen.token"}}'
    done = ask("podman", "container", "inspect", "--format", template, container, limit=10)
    return done.text.strip() if done.code == 0 else ""
