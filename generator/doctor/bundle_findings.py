"""What a bundle's facts say: whether it can run here, and what its earlier runs left."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from generator.doctor.findings import Action, Finding, human
from generator.execute.bundle import write_again

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.doctor.facts import BundleFacts, EngineObject, Facts
    from generator.doctor.findings import Level


def unknown_findings(facts: Facts) -> Iterator[Finding]:
    """Folders that look like bundles and were never registered: named, and nothing else."""
    for folder in facts.unknown:
        yield Finding(
            id="bundle-unknown",
            subject=f"folder {folder}",
            level="warning",
            what="it looks like a bundle, and gen did not write it for you",
            why="nothing in it is believed or run",
            mend=f"gen trust {shlex.quote(folder)}   (only if you know where it is from)",
            left="whether to trust it is yours to decide",
        )


def bundle_findings(bundle: BundleFacts, facts: Facts) -> Iterator[Finding]:
    """Everything about one bundle; one line when nothing is amiss."""
    found = (
        *_wholeness(bundle),
        *_runs(bundle, engine_answers=not facts.engine.trouble),
        *_files(bundle, facts),
        *_link(bundle, facts),
        *_space(bundle),
        *_old_images(bundle, facts),
    )
    yield from found
    if all(finding.level == "ok" for finding in found):
        state = "a run is at work" if bundle.at_work else "no run is open, and nothing is left over"
        yield _finding(bundle, "ok", "bundle", f"it is what gen wrote; {state}", "")


def _wholeness(bundle: BundleFacts) -> Iterator[Finding]:
    again = write_again(bundle.bundle.path)
    if bundle.pending:
        why = "its writer was killed"
        left = "only you know whether its profile.yaml is the one that you want"
        yield _finding(bundle, "problem", "half-written", "it is half written", why, again, left=left)
    elif bundle.changed:
        names = ", ".join(bundle.changed[:5]) + (" …" if len(bundle.changed) > 5 else "")
        what = f"{len(bundle.changed)} of its files are not what gen wrote: {names}"
        left = "your changes would be lost; they belong into local/"
        why = "every script refuses to run"
        yield _finding(bundle, "problem", "changed", what, why, f"{again} --check   (shows the difference)", left=left)
    if not bundle.writable:
        mend = f"sudo chown -R $(id -u) {_path(bundle)}"
        yield _finding(
            bundle, "problem", "unwritable", "its folder cannot be written", "a run keeps its state there", mend
        )
    if bundle.original:
        why = f"its sandbox belongs to {bundle.original}"
        mend = f"cd {_path(bundle)} && rm -r .state storage   (it begins anew, without a workspace)"
        left = "a workspace would be lost"
        yield _finding(bundle, "problem", "copy", "this folder is a copy of a bundle", why, mend, left=left)
    if bundle.unreadable:
        what = f"{bundle.unreadable} lines of its journal cannot be read"
        mend = f"gen recover {shlex.quote(bundle.bundle.shown)}   (it drops a torn last line, and refuses the rest)"
        yield _finding(bundle, "problem", "journal", what, "they are torn or damaged", mend, **_recover(bundle))


def _runs(bundle: BundleFacts, *, engine_answers: bool) -> Iterator[Finding]:
    """Whatever recover.sh brings to its end."""
    if bundle.at_work:
        yield _finding(
            bundle, "ok", "at-work", f"a run is at work: process {bundle.lock_pid}", "nothing of it is judged"
        )
        return
    mend = f"gen recover {shlex.quote(bundle.bundle.shown)}"
    how = _recover(bundle, engine_answers=engine_answers)
    if bundle.open_run:
        what = f"the run {bundle.open_run} was interrupted"
        yield _finding(bundle, "problem", "open-run", what, "what it began is not undone", mend, **how)
    if bundle.cut_off:
        what = f"a script was cut off, and what it began is not taken back: {', '.join(bundle.cut_off)}"
        why = "a sandbox may be paused or stopped, or a file not be whole"
        yield _finding(bundle, "problem", "cut-off", what, why, mend, **how)
    if bundle.orphan:
        what = "a process of a run that was killed is still at work"
        yield _finding(bundle, "problem", "orphan", what, "it changes what nobody undoes", mend, **how)
    if bundle.unfinished:
        what = f"the run {bundle.unfinished[-1]} committed, and was killed before it had cleared up"
        yield _finding(bundle, "warning", "unfinished", what, "the state from before it is still kept", mend, **how)
    if bundle.lock == "stale":
        what = f"its lock names process {bundle.lock_pid}, which is gone"
        yield _finding(bundle, "warning", "stale-lock", what, "the next run takes it over", mend, **how)


def _recover(bundle: BundleFacts, *, engine_answers: bool = True) -> dict[str, Action | str | None]:
    """What --fix does: the bundle's own recover.sh, where that would not refuse."""
    if bundle.changed or bundle.pending:
        return {"left": "the bundle's scripts refuse to run as long as its files are not what gen wrote"}
    if bundle.original or not bundle.writable:
        return {"left": "the bundle's scripts refuse to run in this folder"}
    if not engine_answers:
        return {"left": "the engine does not answer, so nothing could be undone"}
    return {"action": Action(kind="recover", target=str(bundle.bundle.path))}


def _files(bundle: BundleFacts, facts: Facts) -> Iterator[Finding]:
    if bundle.at_work:
        return
    for name in bundle.leftovers:
        path = f"{bundle.bundle.path}/{name}"
        yield _finding(
            bundle, "warning", "leftover", f"{name} is left over", "its writer was killed before it was renamed",
            f"rm {shlex.quote(path)}", action=Action(kind="remove file", target=path),
        )  # fmt: skip
    for name in bundle.copies:
        path = f"{bundle.bundle.path}/{name}"
        # A run that is open undoes it itself; and without the image itself nobody knows whose data the copy has.
        safe = bundle.image is not None and not bundle.open_run and not facts.engine.trouble
        yield _finding(
            bundle, "warning", "copy-of-workspace", f"{name} is left over",
            "a restore or a resize was killed; the workspace itself is whole", f"rm {shlex.quote(path)}",
            action=Action(kind="remove file", target=path) if safe else None,
            left="" if safe else "it may hold the only data there is",
        )  # fmt: skip


def _link(bundle: BundleFacts, facts: Facts) -> Iterator[Finding]:
    """The link in /dev through which the engine mounts the workspace."""
    link = dict(facts.host.links).get(bundle.instance)
    devices = [loop.device for loop in facts.host.loops if loop.instance == bundle.instance and not loop.going]
    if not bundle.instance or bundle.at_work or bundle.open_run:
        return
    mend = f"gen up {shlex.quote(bundle.bundle.shown)}   (it attaches the workspace again)"
    left = "it takes a start of the sandbox, which is yours to decide"
    if link is not None and link not in devices:
        what = f"the link to its workspace points to {link}, which does not have it"
        yield _finding(bundle, "problem", "link", what, "the device was detached by somebody", mend, left=left)
    elif devices and link is None:
        what = f"its workspace is on {devices[0]}, and the link to it is gone"
        yield _finding(bundle, "problem", "link", what, "the engine cannot mount it", mend, left=left)
    elif not devices and any(_is_sandbox(bundle, thing) and thing.running for thing in facts.engine.objects):
        what = "its sandbox runs without its workspace's device"
        yield _finding(bundle, "problem", "link", what, "the device was detached by somebody", mend, left=left)


def _is_sandbox(bundle: BundleFacts, thing: EngineObject) -> bool:
    return thing.instance == bundle.instance and thing.kind == "container" and not thing.tool


def _space(bundle: BundleFacts) -> Iterator[Finding]:
    """The same reckoning as the bundle's own preflight: what the workspace may still grow by, and the reserve."""
    size, reserve = bundle.number("GEN_STORAGE_BYTES"), bundle.number("GEN_STORAGE_RESERVE_BYTES")
    if bundle.free is None or not size:
        return
    grows = 0 if bundle.setting("GEN_STORAGE_OVERCOMMIT") == "true" else max(0, size - (bundle.image or 0))
    if bundle.free >= grows + reserve:
        yield _finding(bundle, "ok", "space", f"{human(bundle.free)} are free", f"{human(grows + reserve)} are needed")
        return
    what = f"only {human(bundle.free)} are free"
    why = f"the workspace may grow by {human(grows)}, and {human(reserve)} are kept in reserve"
    mend = f"df -h {_path(bundle)}   (make room, or write the bundle with a smaller storage.size)"
    yield _finding(bundle, "problem" if bundle.image is None else "warning", "space", what, why, mend)


def _path(bundle: BundleFacts) -> str:
    return shlex.quote(str(bundle.bundle.path))


def _finding(
    bundle: BundleFacts, level: Level, id_: str, what: str, why: str, mend: str = "", **how: Action | str | None
) -> Finding:
    action, left = how.get("action"), how.get("left") or ""
    return Finding(
        id=f"bundle-{id_}",
        subject=f"bundle {bundle.bundle.shown}",
        level=level,
        what=what,
        why=why,
        mend=mend,
        action=action if isinstance(action, Action) else None,
        left=str(left),
    )


def _old_images(bundle: BundleFacts, facts: Facts) -> Iterator[Finding]:
    """Images of earlier states; what a container is made from yet, scripts/prune.sh knows, and leaves."""
    now = bundle.setting("GEN_IMAGE_REF")
    there = {thing.id.removeprefix("sha256:"): thing.name for thing in facts.engine.objects if thing.kind == "image"}
    old = {image for image in bundle.images if image in there and there[image].removeprefix("localhost/") != now}
    if not old or not now or bundle.at_work:
        return
    what = f"{len(old)} of its images {'is' if len(old) == 1 else 'are'} from an earlier state of it"
    mend = f"gen prune {shlex.quote(bundle.bundle.shown)}   (it leaves what a container uses, and asks)"
    yield _finding(bundle, "ok", "old-images", what, "a start builds anew what has changed, and keeps what was", mend)
