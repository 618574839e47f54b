"""What a real run writes fits the published schemas, line by line."""

import json
import os
from typing import Any

from jsonschema import Draft202012Validator

from tests.engine.conftest import MakeBundle, run


def test_events_journal_and_plan_fit_the_bundles_own_schemas(make_bundle: MakeBundle) -> None:
    bundle = make_bundle()
    events = bundle.path.parent / "events"
    env = {**os.environ, "GEN_EVENTS": str(events)}

    def validator(name: str) -> Draft202012Validator:
        return Draft202012Validator(json.loads((bundle.path / f"schemas/{name}.schema.json").read_text("utf-8")))

    def plan() -> Any:
        found = json.loads(run(bundle.path / "scripts/plan.sh", "--json").stdout)
        validator("plan-state").validate(found)
        return found

    shown = plan()
    spoiled = json.loads(json.dumps(shown))
    spoiled["steps"][0]["state"] = "perhaps"
    assert not validator("plan-state").is_valid(spoiled)

    run(bundle.path / "scripts/start.sh", "--approve", shown["hash"], env=env)
    run(bundle.path / "scripts/start.sh", "--approve", shown["hash"], check=False, env=env)
    bundle.script("scripts/backup.sh")
    bundle.script("scripts/connect.sh", "--", "sh", "-c", "exit 3", check=False)
    plan()
    # A run that fails and is undone: the container is gone, and none can be made from what local/ asks for.
    run("docker", "rm", "--force", bundle.name)
    (bundle.path / "local").mkdir()
    override = bundle.path / "local/compose.override.yaml"
    override.write_text("services:\n  sandbox:\n    image: gen-no-such-image\n", "utf-8")
    assert run(bundle.path / "scripts/start.sh", check=False, env=env).returncode == 1
    override.unlink()
    run(bundle.path / "rollback.sh", "--yes", "--delete-data", env=env)

    seen = {}
    state = bundle.path / ".state"
    for name, path in {"event": events, "journal": state / "journal.jsonl", "audit": state / "audit.jsonl"}.items():
        check, lines = validator(name), [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for line in lines:
            check.validate(line)
            assert not check.is_valid(line | {"event": "unheard-of"})
        seen[name] = {line["event"] for line in lines}
    assert seen["journal"] == {"begin", "doing", "done", "undone", "commit", "end", "delete-data"}
    assert seen["audit"] == {"begin", "end"}
    assert {"run-started", "verifying", "kept", "doing", "done", "failed", "undoing", "undone", "run-ended"} <= seen[
        "event"
    ]
