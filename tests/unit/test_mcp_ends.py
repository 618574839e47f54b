"""How a call of `gen mcp` ends early: it is taken back, the client goes away, the server is told to end."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.unit.faking import GEN, fake_bundle
from tests.unit.mcp_client import ask, talk

# Ends as the runner does: at a TERM it undoes, in its own time, and says so in a file.
PATIENT = """\
undo() { sleep 0.6; echo undone >>"$(dirname "$0")/../ended"; emit undone 20-make; exit 1; }
trap undo TERM
emit run-started -; emit verifying 20-make; emit doing 20-make
echo begun >"$(dirname "$0")/../begun"
for _ in $(seq 300); do sleep 0.1; done
echo finished >>"$(dirname "$0")/../ended"
"""
LIMIT = 600.0


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A fake bundle whose start takes long, and ends as the runner does."""
    fake_bundle(tmp_path / "bundles" / "fake")
    return fake_bundle(tmp_path / "bundles" / "slow", start=PATIENT)


def wait_for(path: Path) -> str:
    end = time.monotonic() + LIMIT
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} was never written"
        time.sleep(0.05)
    return path.read_text("utf-8")


def test_a_call_that_is_taken_back_undoes_its_run_and_the_server_goes_on(slow: Path) -> None:

    async def work(client: Client) -> bool:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "start", {"bundle": "slow"})
            while not (slow / "begun").exists():
                await anyio.sleep(0.05)
            group.cancel_scope.cancel()
        while not (slow / "ended").exists():
            await anyio.sleep(0.05)
        return bool((await ask(client, "recover", bundle="slow"))["ok"])

    assert talk(slow.parent.parent, work) is True
    assert (slow / "ended").read_text("utf-8") == "undone\n"


def test_a_client_that_goes_away_undoes_its_run(slow: Path) -> None:

    async def work(client: Client) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "start", {"bundle": "slow"})
            while not (slow / "begun").exists():
                await anyio.sleep(0.05)
            # It leaves while the call is under way, as when an assistant is quit.
            raise ConnectionError

    with pytest.raises((ConnectionError, BaseExceptionGroup)):
        talk(slow.parent.parent, work)
    assert wait_for(slow / "ended") == "undone\n"


def started(root: Path) -> subprocess.Popen[str]:
    """The server as a process, spoken to by hand."""
    pipe = subprocess.PIPE
    words = (*GEN, "mcp", "--root", str(root))
    process = subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env={**os.environ, "NO_COLOR": "1"}
    )
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "hand", "version": "1"}}
    say(process, {"id": 1, "method": "initialize", "params": hello})
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "gen"
    say(process, {"method": "notifications/initialized"})
    return process


def say(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()


def test_a_server_that_is_told_to_end_undoes_its_run_first(slow: Path) -> None:
    process = started(slow.parent.parent)
    say(process, {"id": 2, "method": "tools/call", "params": {"name": "start", "arguments": {"bundle": "slow"}}})
    wait_for(slow / "begun")
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT) == 128 + signal.SIGTERM
    assert (slow / "ended").read_text("utf-8") == "undone\n"


def test_a_server_without_a_run_ends_at_once(slow: Path) -> None:
    process = started(slow.parent.parent)
    process.send_signal(signal.SIGINT)
    assert process.wait(LIMIT) == 128 + signal.SIGINT
    process = started(slow.parent.parent)
    out, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, out, errors) == (0, "", "")


def test_nothing_but_the_protocol_is_on_standard_output(slow: Path) -> None:
    process = started(slow.parent.parent)
    say(process, {"id": 2, "method": "tools/call", "params": {"name": "start", "arguments": {"bundle": "fake"}}})
    say(process, {"id": 3, "method": "tools/call", "params": {"name": "verify", "arguments": {"bundle": "fake"}}})
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("this is no message\n")
    process.stdin.flush()
    answered = set()
    while not {2, 3} <= answered:
        message = json.loads(process.stdout.readline())
        assert message["jsonrpc"] == "2.0"
        answered.add(message.get("id"))
    out, _ = process.communicate(timeout=LIMIT)
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in out.splitlines())
    assert process.returncode == 0
