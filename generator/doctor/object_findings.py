"""What in the engine and the kernel bears our label, and whose bundle is nowhere to be found."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from generator.doctor.findings import Action, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.facts import EngineObject, Facts, Loop, Owner
    from generator.doctor.podman import Client

# A tool that is older than this while its bundle is not at work was left by a run that was killed.
OLD_TOOL = 600
_REMOVE = {
    "container": "rm --force",
    "volume": "volume rm",
    "network": "network rm",
    "image": "rmi",
}
_LEFT = "an object is removed on your word only: look at it first"


def object_findings(facts: Facts) -> Iterator[Finding]:
    """Short-lived containers that nobody uses any more, and every object whose bundle is gone or cannot be found."""
    for thing in facts.engine.objects:
        owner = facts.owner(thing.instance)
        if thing.tool:
            yield from _tool(thing, owner, facts.engine.client)
        elif owner.standing in ("gone", "unknown"):
            yield _orphan(thing, owner, facts.engine.client)


def loop_findings(facts: Facts) -> Iterator[Finding]:
    """Loop devices with a workspace that others hold; and those, and links of ours, whose bundle we do not know."""
    known = {bundle.instance for bundle in facts.bundles}
    known |= {owner.instance for owner in facts.owners if owner.standing in ("here", "elsewhere")}
    links = dict(facts.host.links)
    for loop in facts.host.loops:
        if loop.going:
            yield _held(loop)
        if loop.going or loop.instance in known:
            continue
        link = links.pop(loop.instance, None)
        remove = f"sudo losetup -d {loop.device}" + (f"; sudo rm {_link(loop.instance)}" if link else "")
        mend = f"losetup -l {loop.device}   (and if nobody uses it: {remove})"
        yield _loose(f"{loop.device} has a workspace of a bundle that is not here", loop.instance, mend)
    attached = {loop.instance for loop in facts.host.loops}
    for instance in sorted(set(links) - known - attached):
        yield _loose(
            f"{_link(instance)} is a link of a bundle that is not here", instance, f"sudo rm {_link(instance)}"
        )


def _held(loop: Loop) -> Finding:
    """A device that was detached while somebody used it. Nothing is lost by the wait; no process of others is ended."""
    first = next(iter(loop.holders), 0)
    return Finding(
        id="loop-held",
        subject="host",
        level="warning",
        what=f"{loop.device}, which has a workspace, was detached and is still in use",
        why=f"process {first} has it mounted in a mount namespace of its own"
        if first
        else "by what, cannot be seen from here",
        mend=f"ps -fp {first}   (the device goes when that process ends)"
        if first
        else f"sudo gen doctor   (root sees who holds {loop.device})",
        left="it goes by itself when nothing uses it any more",
    )


def _loose(what: str, instance: str, mend: str) -> Finding:
    why = f"its id is {instance}; it may belong to another folder or another engine: gen doctor FOLDER knows"
    return Finding(id="loop-orphan", subject="host", level="warning", what=what, why=why, mend=mend, left=_LEFT)


def _link(instance: str) -> str:
    return f"/dev/gen-workspace-{instance}"


def _tool(thing: EngineObject, owner: Owner, client: Client) -> Iterator[Finding]:
    """A tool lives for seconds and keeps nothing, so one that has ended, or that is old, may go."""
    if owner.at_work or (thing.running and thing.age < OLD_TOOL):
        return
    # Whoever made something from ours has the labels too; the bundle's own word tells.
    safe = bool(thing.mark) and thing.mark == owner.mark
    yield Finding(
        id="tool",
        subject="engine",
        level="warning",
        what=f"the short-lived container {thing.name} is left over",
        why="a run was killed while it was at work",
        mend=f"{client} rm --force {thing.id}",
        action=Action(kind="remove container", target=thing.id) if safe else None,
        left="" if safe else "whose it is cannot be found",
    )


def _orphan(thing: EngineObject, owner: Owner, client: Client) -> Finding:
    gone = owner.standing == "gone"
    if thing.moved_from:
        what = f"the {thing.kind} {thing.name} was moved aside for a bundle that cannot be found"
        why = f"only that bundle's rollback gives it back; its id is {thing.instance}"
        mend = (
            f"{client} rename {thing.id} '{thing.moved_from}'"
            if thing.kind == "container"
            else f"{client} tag {thing.id} NAME && {client} rmi {thing.name}"
        )
        return _object(thing, "aside", what, why, mend, gone=False)
    of = f" of the sandbox {thing.sandbox}" if thing.sandbox else ""
    what = (
        f"the {thing.kind} {thing.name}{of} has no bundle any more"
        if gone
        else (f"the bundle of the {thing.kind} {thing.name}{of} cannot be found")
    )
    # A name says more than an id, and a volume has no other; an image goes by the id only when it has one tag.
    target = thing.name if thing.kind in ("volume", "image") else thing.id
    if gone:
        why, mend = f"its folder was {owner.folder}", f"{client} {_REMOVE[thing.kind]} '{target}'"
    elif owner.folder:
        # Another user's, mostly: nobody is told to remove what may be at work there.
        why = f"its folder is {owner.folder}, which you may not read; its id is {thing.instance}"
        mend = f"gen doctor {shlex.quote(owner.folder)}   (as whoever owns that folder)"
    else:
        why = f"its id is {thing.instance}, and it names no folder"
        mend = (
            f"{client} inspect '{target}'   (and if you know its folder: gen doctor FOLDER, then gen rollback FOLDER)"
        )
    return _object(thing, "orphan", what, why, mend, gone=gone)


def _object(thing: EngineObject, id_: str, what: str, why: str, mend: str, *, gone: bool) -> Finding:
    return Finding(
        id=f"{thing.kind}-{id_}",
        subject="engine",
        level="problem" if gone else "warning",
        what=what,
        why=why,
        mend=mend,
        left=_LEFT,
    )
