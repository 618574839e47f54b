"""What is known of engine, host and bundles, once it was gathered. Nothing here looks or changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from generator.doctor.podman import Client
    from generator.execute.bundle import Bundle

# How an engine that gave no answer did so.
Trouble = Literal["", "absent", "denied", "hangs", "remote", "no context", "other"]
# Where an object's bundle is: among those that were looked at, in another folder, nowhere any more, or nobody knows.
Standing = Literal["here", "elsewhere", "gone", "unknown"]
LockState = Literal["free", "held", "stale"]
# What became of gVisor's runtime; "limitless": it is told to heed no limit; "untried": no image was there.
Gvisor = Literal["absent", "limitless", "untried", "fails", "works"]
Kvm = Literal["absent", "denied", "usable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineObject:
    """Something in the engine that bears our label, or that was moved aside for a bundle (`moved_from` is its name).

    Others may bear the label too. `mark` is an annotation of a container, which nothing
    inherits, unlike a label.
    """

    kind: Literal["container", "volume", "network", "image"]
    id: str
    name: str
    instance: str
    sandbox: str = ""
    tool: bool = False
    running: bool = False
    age: float = 0.0
    folder: str = ""
    moved_from: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """The engine that the client would use. With a trouble nothing but the client and the endpoint is known."""

    client: Client = "docker"
    endpoint: str = ""
    trouble: Trouble = ""
    said: str = ""
    version: str = ""
    system: str = ""
    cgroup: str = ""
    driver: str = ""
    root: str = ""
    security: tuple[str, ...] = ()
    without_limits: tuple[str, ...] = ()
    proxy: bool = False
    gvisor: Gvisor = "absent"
    gvisor_said: str = ""
    objects: tuple[EngineObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A loop device that has a workspace of ours, or had: the kernel tells when its file was deleted.

    `going`: it was detached, and goes when its last user does. `holders`: the processes that have it mounted in a mount
    namespace of their own, as far as whoever asks may see them.
    """

    device: str
    instance: str
    going: bool = False
    holders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """This machine. A version is empty where the program does not tell one, or is not there."""

    missing: tuple[str, ...] = ()
    bash: str = ""
    coreutils: str = ""
    compose: str = ""
    buildx: str = ""
    runsc: str = ""
    loop_devices: bool = True
    filesystems: frozenset[str] = frozenset()
    seccomp: bool = True
    user_namespaces: bool = True
    kvm: Kvm = "absent"
    root: bool = False
    user: str = ""
    root_free: int | None = None
    proxies: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    loops: tuple[Loop, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts:
    """One bundle: its settings that matter here, and the state that its runs left. Sizes are bytes."""

    bundle: Bundle
    settings: tuple[tuple[str, str], ...] = ()
    instance: str = ""
    mark: str = ""
    images: tuple[str, ...] = ()
    writable: bool = True
    changed: tuple[str, ...] = ()
    pending: bool = False
    lock: LockState = "free"
    lock_pid: str = ""
    open_run: str = ""
    cut_off: tuple[str, ...] = ()
    orphan: bool = False
    unfinished: tuple[str, ...] = ()
    unreadable: int = 0
    isolation: str = ""
    client: str = ""
    leftovers: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    original: str = ""
    free: int | None = None
    image: int | None = None

    def setting(self, key: str, default: str = "") -> str:
        """A value of lib/settings.sh."""
        return dict(self.settings).get(key, default)

    def number(self, key: str) -> int:
        """A value of lib/settings.sh that is a number; 0 when it is none."""
        text = self.setting(key)
        return int(text) if text.isdecimal() else 0

    @property
    def at_work(self) -> bool:
        """Whether a run of it goes on: then nothing of it may be mended."""
        return self.lock == "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose objects those of one instance are. `folder` is empty where nothing tells it, `mark` where it says none."""

    instance: str
    standing: Standing
    folder: str = ""
    mark: str = ""
    at_work: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of it."""

    engine: EngineFacts
    host: HostFacts
    bundles: tuple[BundleFacts, ...] = ()
    owners: tuple[Owner, ...] = ()
    unknown: tuple[str, ...] = ()

    def owner(self, instance: str) -> Owner:
        """Who owns what bears that instance's label."""
        found = (owner for owner in self.owners if owner.instance == instance)
        return next(found, Owner(instance=instance, standing="unknown"))
