"""The attacks, as a table: what an agent inside would try, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROBES = Path(__file__).parent / "probes"
PRELUDE = PROBES / "prelude.py"


Verdict = Literal["held", "breach", "unknown", "untried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one attack on one sandbox, and what the probe saw."""

    verdict: Verdict
    saw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One probe. `weakened` says how the sandbox is weakened for its control, where it runs as `user`. A `costly` one
    takes all it can get, and may well take the sandbox down with it. An `armed` one needs something that root puts
    into the sandbox beforehand, which a microVM lets nobody do.
    """

    id: str
    title: str
    weakened: str
    user: str = "1000:1000"
    costly: bool = False
    armed: bool = False

    @property
    def script(self) -> str:
        """The program, with what all of them share before it."""
        return PRELUDE.read_text() + (PROBES / f"{self.id}.py").read_text()


WEAKENED = "weakened"
"""The column of the controls."""
ROOT = "0:0"
PEER = "the network of another container"

ATTACKS = (
    Attack(id="tcp", title="connect by TCP", weakened=PEER),
    Attack(id="udp", title="send and receive UDP", weakened=PEER),
    Attack(id="icmp", title="ping", weakened=PEER + ", as root", user=ROOT),
    Attack(id="dns", title="resolve a name", weakened=PEER),
    Attack(id="abstract", title="reach an abstract socket", weakened=PEER),
    Attack(id="vsock", title="AF_VSOCK to the hypervisor", weakened="no filter of system calls"),
    Attack(id="af_alg", title="AF_ALG", weakened="no filter of system calls"),
    Attack(id="io_uring", title="io_uring", weakened="no filter of system calls"),
    Attack(id="namespace", title="make a user namespace", weakened="no filter of system calls"),
    Attack(id="engine_socket", title="find the engine's socket", weakened="the engine's socket is mounted", user=ROOT),
    Attack(id="host_files", title="read a file of the host", weakened="a folder of the host is mounted"),
    Attack(id="other_containers", title="read another container's keys", weakened="the host's processes", user=ROOT),
    Attack(id="devices", title="open or make a device", weakened="privileged, as root", user=ROOT),
    Attack(id="set_uid", title="become root by a set-uid program", weakened="new privileges are allowed", armed=True),
    Attack(id="fork_bomb", title="fork without end", weakened="a higher limit", costly=True),
    Attack(id="memory", title="take memory without end", weakened="a higher limit", costly=True),
    Attack(id="disk_fill", title="fill the disk", weakened="no disk of its own"),
)
