"""Somebody else's sandbox of the names that a bundle wants: all that can be known of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.conftest import run
from tests.engine.private import PrivateEngine

Facts = Mapping[str, Any]

MADE = "[ -e /data/file ] || { echo theirs >/data/file; ln -s file /data/link; touch /outside; }; echo ready; "
RESTARTED = ("State", "RestartCount", "NetworkSettings", "ResolvConfPath", "HostnamePath", "HostsPath")
"""What `inspect` says otherwise of a container that an engine has started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A container, a volume and a network on an engine; the volume and the network are called after the container."""

    engine: PrivateEngine
    name: str

    def make(self, image: str, *options: str) -> None:
        """Makes them unless they are there, with data in the volume and in the container, and waits for these."""
        docker, name = self.engine.docker, self.name
        if docker("ps", "--all", "--quiet", "--filter", f"name=^{name}$"):
            return
        docker("volume", "create", "--label", "theirs=yes", f"{name}-workspace")
        # A network of its own: on the engine's default one a rename leaves a mark in `inspect` (DNSNames, which nothing
        # there reads, from null to the name), and no rename takes it away.
        docker("network", "create", "--label", "theirs=yes", f"{name}-network")
        mount = f"{name}-workspace:/data"
        words = ("--init", "--name", name, "--network", f"{name}-network", "--label", "theirs=yes", "--volume", mount)
        script = MADE + "exec sleep infinity"
        docker("run", "--detach", *words, "--env", "THEIR=own", *options, image, "sh", "-c", script)
        docker("exec", name, "sh", "-c", "until [ -e /outside ]; do sleep 0.1; done")

    def remove(self) -> None:
        """Takes them away."""
        docker = self.engine.docker
        docker("rm", "--force", "--volumes", self.name)
        docker("volume", "rm", f"{self.name}-workspace")
        docker("network", "rm", f"{self.name}-network")

    def facts(self) -> Facts:
        """All of `inspect`, what the container wrote outside the volume, and the volume's data, owners and times."""
        docker, name = self.engine.docker, self.name
        (container,) = json.loads(docker("container", "inspect", name))
        mount = Path(json.loads(docker("volume", "inspect", f"{name}-workspace"))[0]["Mountpoint"])
        # With parts of a second; without the names that tar makes from its own number, and without when it was read.
        pax = "--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime"
        make = f'tar --create --format=posix {pax} --numeric-owner --sort=name --directory "$0" . | sha256sum'
        return {
            "container": container,
            "volume": json.loads(docker("volume", "inspect", f"{name}-workspace")),
            "network": json.loads(docker("network", "inspect", f"{name}-network")),
            "difference": sorted(docker("diff", name).splitlines()),
            "data": run("bash", "-c", make, mount).stdout,
            "log": docker("logs", name),
        }


def without_restart(facts: Facts) -> Facts:
    """The same facts, whether or not the engine has started the container again meanwhile."""
    container = {key: value for key, value in facts["container"].items() if key not in RESTARTED}
    network = [{key: value for key, value in one.items() if key != "Containers"} for one in facts["network"]]
    return {**facts, "container": container, "network": network, "log": ""}


def differing(before: Facts, after: Facts) -> str:
    """What is not as it was, by name; empty when all is."""
    names = [name for name in before if name != "container" and before[name] != after[name]]
    old, new = before["container"], after["container"]
    return ", ".join(names + [f"container.{key}" for key in old.keys() | new.keys() if old.get(key) != new.get(key)])
