"""The profile as data: what may be said about a sandbox, with limits, defaults and a sentence about each key."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from generator import profile_net as net
from generator import profile_values as values
from generator.profile_facts import NODE_MAJORS
from generator.profile_size import Size

_G = 1024**3
_M = 1024**2


def _within(low: int, high: int) -> AfterValidator:
    def check(value: Size) -> Size:
        if value < low:
            values.refuse(f"{value!s} is too small", f"Write at least {Size(low)!s}")
        if value > high:
            values.refuse(f"{value!s} is too large", f"Write at most {Size(high)!s}")
        return value

    return AfterValidator(check)


def _none_word(value: object) -> object:
    return None if value == "none" else value


_Optional = BeforeValidator(_none_word, json_schema_input_type=Literal["none"] | str | None)
_OptionalMajor = BeforeValidator(_none_word, json_schema_input_type=Literal["none", 18, 20, 22, 24] | None)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class Isolation(_Part):
    """What stands between the agent and the host's kernel. One word alone is the backend."""

    backend: Annotated[
        Literal["auto", "docker", "gvisor", "microvm"],
        Field(description="What isolates the sandbox; auto takes the strongest that works on the host."),
    ] = "docker"
    minimum: Annotated[
        Literal["container", "userspace-kernel", "separate-kernel"],
        Field(description="The weakest isolation that will do. Below it nothing is started."),
    ] = "container"


class User(_Part):
    """Who the agent is inside the sandbox. Never root."""

    name: Annotated[
        str,
        values.USER,
        AfterValidator(values.not_system_user),
        Field(description="Name of the user that everything inside runs as."),
    ] = "aiuser"
    uid: Annotated[
        int,
        Field(
            ge=1, le=values.LARGEST_UID, description="Number of that user. A number that the base uses is freed first."
        ),
        AfterValidator(values.not_nobody),
    ] = 1000


class Image(_Part):
    """What the sandbox is built from."""

    base: Annotated[
        str, Field(max_length=255, description="The image to start from: a Debian or Ubuntu."), values.BASE
    ] = "ubuntu:24.04"
    source: Annotated[
        Literal["registry", "mirror", "archive"],
        Field(description="Where the base comes from: pulled, built from a package mirror, or loaded from a file."),
    ] = "registry"
    archive: Annotated[
        str,
        values.ARCHIVE,
        Field(description="With source archive: the image's tar file. A relative path starts at the bundle's folder."),
    ] = "local/base.tar"
    packages: Annotated[
        tuple[Annotated[str, values.PACKAGE], ...],
        Field(max_length=500, description="Debian packages to install; name=version pins one."),
    ] = ()
    node: Annotated[
        int | None,
        AfterValidator(values.node_major),
        _OptionalMajor,
        Field(description="The oldest Node.js that will do (its major version), or none."),
    ] = NODE_MAJORS[-2]
    python: Annotated[
        str,
        AfterValidator(values.python_minimum),
        Field(description='The oldest Python that will do, in quotes: "3.10".', examples=["3.10"]),
    ] = "3.10"
    user: User = Field(default_factory=User, description="Who the agent is inside the sandbox.")
    sudo: Annotated[
        Literal["packages", "none"],
        Field(description="packages: the user may install packages with apt without being root. none: it may not."),
    ] = "packages"


class Agent(_Part):
    """The AI assistant that lives in the sandbox."""

    name: Annotated[str, Field(description="Which assistant to install; none installs none.")] = "aider"
    version: Annotated[
        str | None,
        AfterValidator(lambda value: value if value is None else values.VERSION.check(value)),
        _Optional,
        Field(description="Its exact version. Left out, it is the one that gen was tested with."),
    ] = None
    env: Annotated[
        tuple[Annotated[str, AfterValidator(values.variable)], ...],
        Field(max_length=50, description="Names of the variables (API keys) that it gets at run time. Never values."),
    ] = ()


class Resources(_Part):
    """The most that the sandbox may take from the host."""

    cpus: Annotated[
        float, Field(ge=0.01, le=1024, allow_inf_nan=False, description="Processors; fractions are allowed.")
    ] = 2.0
    memory: Annotated[
        Size, _within(64 * _M, 64 * 1024 * _G), Field(description="Memory. Swap is not given on top.")
    ] = Size(4 * _G)
    pids: Annotated[int, Field(ge=32, le=4194304, description="Processes and threads.")] = 512
    tmpfs: Annotated[Size, _within(_M, 64 * 1024 * _G), Field(description="Size of /tmp, which lives in memory.")] = (
        Size(_G)
    )


class Storage(_Part):
    """The workspace: a disk of its own, so that its limit is real."""

    size: Annotated[
        Size, _within(64 * _M, 16 * 1024 * _G), Field(description="Size of the workspace. Writing more fails.")
    ] = Size(20 * _G)
    path: Annotated[
        str, AfterValidator(values.storage_path), Field(description="Where the workspace is inside the sandbox.")
    ] = "/workspace"
    overcommit: Annotated[
        bool, Field(description="true: allow a workspace that is larger than the host's free space.")
    ] = False
    reserve: Annotated[
        Size, _within(0, 16 * 1024 * _G), Field(description="Free space that must be left on the host.")
    ] = Size(2 * _G)


class Project(_Part):
    """A copy of a project of yours in the place of an empty workspace, tracked from outside the sandbox."""

    method: Annotated[
        Literal["none", "auto", "overlay", "plain"],
        Field(description="none: an empty workspace. auto: a copy of a project, as an overlay where the host can."),
    ] = "none"
    ignored: Annotated[bool, Field(description="true: also what the project's .gitignore leaves out.")] = False
    history: Annotated[bool, Field(description="true: also the project's .git, which the agent can then read.")] = False
    secrets: Annotated[
        tuple[Annotated[str, values.PATTERN], ...],
        Field(max_length=100, description="Names of files that are never copied, beside the built-in list."),
    ] = ()
    keep: Annotated[
        tuple[Annotated[str, values.PATTERN], ...],
        Field(max_length=100, description="Names of files that are copied although they look like secrets."),
    ] = ()


class Network(_Part):
    """What the sandbox can reach, and what can reach it."""

    mode: Annotated[
        Literal["internet", "none"], Field(description="internet: it can reach out. none: no network at all.")
    ] = "internet"
    subnet: Annotated[
        str, AfterValidator(net.subnet), Field(description="auto, or a private IPv4 network for the sandbox alone.")
    ] = "auto"
    dns: Annotated[
        tuple[Annotated[str, AfterValidator(net.name_server)], ...],
        Field(max_length=3, description="Name servers; empty means those of the host."),
    ] = ()
    ports: Annotated[
        tuple[Annotated[str, AfterValidator(net.port)], ...],
        Field(max_length=100, description="Ports to publish, [ADDRESS:]HOST:CONTAINER[/udp]; 127.0.0.1 if no address."),
    ] = ()


class Capability(_Part):
    """One capability to add, and why."""

    name: Annotated[
        str, AfterValidator(values.capability), Field(description="Name without CAP_, such as NET_BIND_SERVICE.")
    ]
    reason: Annotated[
        str,
        Field(min_length=10, max_length=200, description="Why the sandbox needs it. It is printed in the plan."),
        AfterValidator(values.one_line),
    ]


class Security(_Part):
    """What is loosened or tightened beyond the defaults."""

    capabilities: Annotated[
        tuple[Capability, ...], Field(description="Capabilities to add. All others are dropped.")
    ] = ()
    readonly_root: Annotated[bool, Field(description="true: nothing outside the workspace can be written.")] = False
    seccomp: Annotated[
        Literal["strict", "engine"],
        Field(description="strict: fewer system calls than the engine allows. engine: the engine's own filter."),
    ] = "strict"


_Site = Annotated[
    str | None,
    AfterValidator(lambda value: value if value is None else values.url(value)),
    _Optional,
]
_HostSite = Annotated[
    str | None,
    AfterValidator(lambda value: value if value is None else values.url_or_host(value)),
    _Optional,
]


class Build(_Part):
    """Where a build gets things from, for people behind a mirror or a proxy."""

    apt_mirror: Annotated[
        _HostSite, Field(description="Debian or Ubuntu mirror: none, host (the one the host uses), or an address.")
    ] = None
    pip_index: Annotated[_Site, Field(description="Python package index: none or an address.")] = None
    npm_registry: Annotated[_Site, Field(description="npm registry: none or an address.")] = None
    proxy: Annotated[
        _HostSite, Field(description="HTTP proxy: none, host (from the host's environment), or an address.")
    ] = None
    ca_certificates: Annotated[
        str | None,
        AfterValidator(lambda value: value if value is None else values.certificates(value)),
        _Optional,
        Field(description="Certificates to trust: none, host (the host's own), or a PEM file beside the profile."),
    ] = None


class Profile(_Part):
    """What sandbox somebody wants for a coding agent."""

    name: Annotated[
        str,
        values.NAME,
        Field(description="Name of the sandbox; container, network and volume are named after it.", examples=["dev"]),
    ]
    description: Annotated[
        str, Field(max_length=200, description="One line for people."), AfterValidator(values.one_line)
    ] = ""
    engine: Annotated[str, Field(description="What runs the sandbox.")] = "docker"
    isolation: Isolation = Field(default_factory=Isolation, description="What keeps it from the host's kernel.")
    image: Image = Field(default_factory=Image, description="What the sandbox is built from.")
    agent: Agent = Field(default_factory=Agent, description="The AI assistant that lives in the sandbox.")
    resources: Resources = Field(default_factory=Resources, description="The most that it may take from the host.")
    storage: Storage = Field(default_factory=Storage, description="The workspace, a disk of its own.")
    project: Project = Field(default_factory=Project, description="A copy of a project as the workspace.")
    network: Network = Field(default_factory=Network, description="What it can reach, and what can reach it.")
    security: Security = Field(default_factory=Security, description="What is loosened or tightened.")
    build: Build = Field(default_factory=Build, description="Where a build gets things from.")

    @property
    def has_copy(self) -> bool:
        """Whether the workspace is the copy of a project."""
        return self.project.method != "none"

    @property
    def home(self) -> str:
        """The user's home inside: in the workspace where that is the agent's own, beside it where it is a project."""
        return f"/home/{self.image.user.name}" if self.has_copy else f"{self.storage.path}/.home"
