"""What the assistant is, what it may do and where its keys come from: config/ai-assistant-config.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.engines.oci.policy import RUN, TMP

if TYPE_CHECKING:
    from generator.engines import Request
    from generator.profile import Profile

# What belongs to the user when packages may be installed.
SYSTEM = ("/usr", "/etc", "/var")


def assistant_document(request: Request) -> dict[str, Any]:
    """The document as YAML data. Keys are named, never their values."""
    return {
        "schema": 1,
        "assistant": _assistant(request),
        "keys": {
            "names": list(request.profile.agent.env),
            "known": list(request.agent.env),
            "file": "local/env",
            "how": "one NAME=value a line, or set in the environment of scripts/start.sh; taken when the sandbox is "
            "made, which a change of the file does anew at the next start; never in the image",
        },
        "permissions": _permissions(request),
        "limits": {
            "cpus": request.profile.resources.cpus,
            "memory": str(request.profile.resources.memory),
            "processes": request.profile.resources.pids,
            "tmp": str(request.profile.resources.tmpfs),
            "workspace": str(request.profile.storage.size),
        },
    }


def _permissions(request: Request) -> dict[str, Any]:
    profile = request.profile
    installs = profile.image.sudo == "packages"
    return {
        "user": profile.image.user.name,
        "become_root": False,
        "install_packages": installs,
        "install_with": _install_with(profile) if installs else None,
        "write": [profile.storage.path, TMP, RUN, *(SYSTEM if installs else ())],
        "kept": [profile.storage.path],
        "network": profile.network.mode,
        "published_ports": list(profile.network.ports),
        "capabilities": [granted.name for granted in profile.security.capabilities],
    }


def _install_with(profile: Profile) -> str:
    return "sudo dpkg -i FILE.deb" if profile.network.mode == "none" else "sudo apt-get install NAME"


def _assistant(request: Request) -> dict[str, Any]:
    agent, profile = request.agent, request.profile
    return {
        "name": agent.name,
        "title": agent.title,
        "version": profile.agent.version or agent.install.version,
        "command": agent.command,
        "version_command": list(agent.version_command),
        "home": profile.home,
        "configuration": f"{profile.home}/{agent.config_dir}",
        "notes": list(agent.notes),
    }
