"""A real MCP client drives real runs on a real engine: a whole life, a failure, a wrong hash, and a call taken back."""

from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from tests.engine.conftest import Bundle, Inventory, MakeBundle, inventory, run
from tests.unit.mcp_client import ask, refusal, talk


def changed(before: Inventory) -> dict[str, set[str]]:
    """What differs, by kind; loop devices of other engines on this machine come and go."""
    return {kind: found for kind, found in (inventory() - before).items() if kind != "loops"}


def served(bundle: Bundle) -> Path:
    return bundle.path.parent


def test_a_whole_life_by_an_assistant(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    before, name = inventory(), bundle.path.name
    told: list[str] = []

    async def live(client: Client) -> None:
        async def progress(_value: float, _total: float | None, message: str | None) -> None:
            told.append(message or "")

        plan = (await ask(client, "plan", bundle=name))["plan"]
        assert {step["state"] for step in plan["steps"]} == {"kept", "do"}
        assert changed(before) == {}

        wrong = await ask(client, "start", bundle=name, approve="0" * 64)
        assert (wrong["exit_code"], wrong["result"]) == (4, "refused")
        assert changed(before) == {}

        result = await client.call_tool("start", {"bundle": name, "approve": plan["hash"]}, progress_callback=progress)
        started = result.structured_content or {}
        assert (started["exit_code"], started["result"]) == (0, "committed"), started
        assert (await ask(client, "plan", bundle=name))["plan"]["hash"] != plan["hash"]

        steps = await ask(client, "step_status", bundle=name)
        assert (steps["run"], steps["outcome"], steps["open_run"]) == (started["run"], "committed", None)
        checks = await ask(client, "verify", bundle=name)
        assert checks["ok"] is True, checks
        assert len(checks["checks"]) > 10
        assert "running, healthy" in (await ask(client, "status", bundle=name))["untrusted"]["output"]
        logs = await ask(client, "logs", bundle=name, step="40-image", run=started["run"])
        assert logs["file"].endswith("40-image.do.log")
        assert logs["untrusted"]["text"]
        assert "confirm" in await refusal(client, "rollback", bundle=name, delete_data=True, confirm="other")

        back = await ask(client, "rollback", bundle=name)
        assert (back["exit_code"], back["result"]) == (0, "rolled-back"), back
        assert list((bundle.path / "storage/kept").glob("*.img"))

    talk(served(bundle), live)
    assert told[0].startswith("run-started")
    assert any(message.startswith("done 80-sandbox") for message in told)
    assert changed(before) == {}


def test_a_run_that_fails_is_undone_and_explained(make_bundle: MakeBundle) -> None:
    bundle = make_bundle("image.packages=[no-such-package-anywhere]")
    before, name = inventory(), bundle.path.name

    async def fail(client: Client) -> tuple[dict[str, Any], dict[str, Any]]:
        return await ask(client, "start", bundle=name), await ask(client, "step_status", bundle=name)

    ended, status = talk(served(bundle), fail)
    assert (ended["exit_code"], ended["result"], ended["failed_step"]) == (1, "rolled-back", "40-image"), ended
    assert "no-such-package-anywhere" in ended["untrusted"]["log"]["text"]
    assert ended["mend"]
    assert (status["outcome"], status["failed_step"], status["open_run"]) == ("rolled back", "40-image", None)
    assert changed(before) == {}


def test_a_call_that_is_taken_back_leaves_the_host_as_it_was(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    before, name = inventory(), bundle.path.name

    async def take_back(client: Client) -> dict[str, Any]:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "start", {"bundle": name})
            while not list((bundle.path / ".state").glob("logs/*/50-storage.do.log")):
                await anyio.sleep(0.05)
            group.cancel_scope.cancel()
        status = await ask(client, "step_status", bundle=name)
        while status["run_at_work"]:
            await anyio.sleep(0.2)
            status = await ask(client, "step_status", bundle=name)
        return status

    status = talk(served(bundle), take_back)
    assert (status["outcome"], status["open_run"]) == ("rolled back", None)
    assert changed(before) == {}
    assert run("docker", "ps", "--all", "--quiet", "--filter", f"name=^{bundle.name}$").stdout == ""
