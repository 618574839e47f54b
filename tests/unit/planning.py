"""What the compiler's tests share: a profile with changes, its plan and its files."""

from pathlib import Path

from generator.plan import Plan, build_plan
from generator.profile import LoadedProfile, load_profile
from generator.render import RenderedFile, render_bundle

Files = dict[str, RenderedFile]


def loaded(*sets: str, ref: str | Path = "dev") -> LoadedProfile:
    """The profile `dev` (or another) with --set texts."""
    return load_profile(ref, sets)


def planned(*sets: str, ref: str | Path = "dev") -> Plan:
    """Its plan."""
    return build_plan(loaded(*sets, ref=ref))


def rendered(*sets: str, ref: str | Path = "dev") -> Files:
    """Its bundle's files."""
    return render_bundle(planned(*sets, ref=ref))


def text(files: Files, path: str) -> str:
    """One file as text."""
    return files[path].content.decode()
