"""Runs that are struck in the middle of a step."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import Bundle, launch, until


def wait_for_record(bundle: Path, event: str, step: str) -> None:
    """Waits until the journal says that a step has come so far."""
    journal = bundle / ".state" / "journal.jsonl"
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        if journal.exists():
            for line in journal.read_text().splitlines():
                record = json.loads(line) if line.endswith("}") else {}
                if (record.get("event"), record.get("step")) == (event, step):
                    return
        time.sleep(0.02)
    pytest.fail(f"{step} was not reached")


def made_to_wait(bundle: Bundle, step: str) -> Callable[[Callable[[], None]], None]:
    """A step that begins and does nothing before a blow, so that it is never done before; and who strikes it then."""
    begun, struck = bundle.path / "begun", bundle.path / "struck"
    path = f"steps/{step}/do.sh"
    head, rest = (bundle.path / path).read_text().split("\n", 1)
    bundle.rewrite(path, f"{head}\ntouch '{begun}'; until [ -e '{struck}' ]; do sleep 0.1; done\n{rest}")

    def strike(blow: Callable[[], None]) -> None:
        until(begun.exists)
        blow()
        struck.touch()

    return strike


def killed_in(bundle: Bundle, step: str) -> None:
    """Kills a run, and what it has at work, as soon as that step begins. The bundle is then as it was."""
    path = f"steps/{step}/do.sh"
    text = (bundle.path / path).read_text()
    strike, child = made_to_wait(bundle, step), bundle.path / ".state/child"
    process = launch(bundle)

    def blow() -> None:
        until(child.exists)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(child.read_text("utf-8").split(":")[0]), signal.SIGKILL)

    strike(blow)
    bundle.rewrite(path, text)
    for left in ("begun", "struck"):
        (bundle.path / left).unlink()
