"""Ours is what was written down (docs/adr/021-ours-by-record.md): no script acts by a label, a name or a tag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"

#   what is forbidden                                       where it may stand, and why
LAWS = (
    # The record decides; these two only find what may be ours, or say what others have.
    (r"label=gen\.", ("lib/owned.sh", "lib/inventory.sh")),
    # Whoever has the sandbox's name by now is told nothing.
    (r"\b(docker|\"\$ENGINE\") (container )?(start|stop|restart|kill|rm|pause|unpause|exec|wait)\b.*GEN_CONTAINER", ()),
    (r"\bdocker rename \"\$GEN_CONTAINER", ()),
    # A tag can be moved to an image that a sandbox has made.
    (r"\bdocker (run|create)\b.*GEN_IMAGE_REF", ("lib/podman.sh",)),
    (r"\bdocker (rmi|image rm|volume rm|network rm)\b.*(--force|-f\b)", ()),
    # Whatever has a name loses it to what is given it: name_image looks first.
    (r"\bdocker (tag\b.*|import\b.*|load\b.*)\"\$GEN_(IMAGE|BASE)_REF\"$", ()),
    # For a name that somebody has, these may succeed and make nothing: what came of it is looked at here.
    (r"\bdocker (volume|network) create\b", ("lib/storage.sh", "steps/network/do.sh")),
    # The engine makes a volume of a name that nobody has, and mounts what somebody else gave ours to: workspace_tool
    # looks first.
    (r"--volume \"\$VOLUME:", ("lib/storage.sh",)),
    # What has the disk image's name is somebody's work: a step makes only what is not there, and these two have
    # kept the old one or checked that the new one holds it.
    (
        r"\b(mv|cp|ln)\b(?!.* -n\b)[^;&|]* \"\$IMAGE\"( *[;&|]|$)",
        ("files/scripts/restore.sh", "files/scripts/resize-volume.sh"),
    ),
    # The last name of a file is anybody's.
    (r"losetup (--detach|-d)\b", ("lib/storage.sh",)),
)  # fmt: skip

CONTROLS = (
    'docker images --quiet --filter "label=gen.instance=$INSTANCE" | head -n 1',
    'docker stop --time 10 "$GEN_CONTAINER" >/dev/null || return 1',
    'docker rename "$GEN_CONTAINER" "$PRIOR_CONTAINER"',
    'docker create --name "$TOOL" --network none "$GEN_IMAGE_REF" true',
    'docker rmi --force "$image"',
    'docker tag "$id" "$GEN_IMAGE_REF"',
    'docker volume create --driver local "$name"',
    'tool --user 0:0 --volume "$VOLUME:/mnt:ro" -- tar --create .',
    'mv -f "$IMAGE.new" "$IMAGE"',
    "losetup --detach $device",
)
"""What earlier versions had, a line a law."""


def breaches(pattern: str, allowed: tuple[str, ...], lines: Iterator[tuple[str, str]]) -> list[str]:
    law = re.compile(pattern)
    return [f"{place}: {line.strip()}" for place, line in lines if place not in allowed and law.search(line)]


def code() -> Iterator[tuple[str, str]]:
    """Each line of the bundle's bash, with its file; without comments, and without what is only said to a person."""
    for file in sorted(TEMPLATES.rglob("*.sh")):
        for line in file.read_text("utf-8").replace("\\\n", " ").splitlines():
            if not line.lstrip().startswith("#") and not re.search(r"\b(fail|warn|say|problem|MEND=)", line):
                yield str(file.relative_to(TEMPLATES)), line


@pytest.mark.parametrize(("law", "control"), list(zip(LAWS, CONTROLS, strict=True)))
def test_no_script_acts_by_what_others_can_have(law: tuple[str, tuple[str, ...]], control: str) -> None:
    assert breaches(*law, code()) == []
    assert breaches(*law, iter([("lib/docker.sh", control)])), "the law sees a breach"
