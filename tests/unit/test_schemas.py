"""The published schemas: what a bundle holds fits them, and what is spoiled does not."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from generator.cli import gen
from generator.execute.progress import Phase
from generator.schemas import STEP_EVENTS, find_schema, schema_file, schema_names
from tests.unit.planning import rendered, text

CHECK = {"schema": 1, "event": "check", "check": "12-user", "number": 1, "title": "x", "result": "holds"}
STEP = {"schema": 1, "time": "2026-11-22T02:40:56Z", "run": "20261122T024056Z-6263", "event": "done",
        "step": "30-base-image", "title": "Get it"}  # fmt: skip
RECORD = {"seq": 2, "time": "2026-11-22T02:40:56Z", "run": "20261122T024056Z-6263", "event": "doing",
          "step": "30-base-image", "scope": "-", "sum": 3093206935}  # fmt: skip

ENDED = {"schema": 1, "time": "2026-11-22T02:40:56Z", "id": "20261122T024056Z-6263", "event": "end", "code": 3,
         "seconds": 0}  # fmt: skip


def fits(name: str, data: Any) -> bool:
    return Draft202012Validator(find_schema(name)).is_valid(data)


@pytest.mark.parametrize("name", schema_names())
def test_each_schema_is_one_and_stands_in_the_bundle_and_is_printed(name: str) -> None:
    schema = find_schema(name)
    Draft202012Validator.check_schema(schema)
    assert json.loads(text(rendered(ref="safe"), schema_file(name))) == schema
    done = CliRunner().invoke(gen, ["schema", name])
    assert (done.exit_code, json.loads(done.output)) == (0, schema)
    assert name in CliRunner().invoke(gen, ["schema"]).output


def test_a_name_that_there_is_not_is_wrong_usage() -> None:
    assert CliRunner().invoke(gen, ["schema", "nosuch"]).exit_code == 2


@pytest.mark.parametrize("sets", ["", "network.mode=none", "agent.name=none image.node=none"])
def test_a_plan_fits_and_names_its_schema(sets: str) -> None:
    files = rendered(*sets.split())
    plan = json.loads(text(files, "plan.json"))
    Draft202012Validator(find_schema("plan")).validate(plan)
    assert plan["$schema"] in files


def drop(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda data: data.pop(key)


def put(key: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda data: data.update({key: value})


SPOILED = {
    "a list is missing": drop("steps"),
    "a key that nobody knows": put("stepz", []),
    "another schema": put("schema", 2),
    "a step without a mend": lambda plan: plan["steps"][0]["troubles"][0].pop("mend"),
    "an effect that is no list": lambda plan: plan["steps"][3]["effects"].update(engine="all"),
    "a time limit of none": lambda plan: plan["steps"][3].update(timeout=0),
    "a digest that is none": lambda plan: plan["files"][0].update(sha256="x"),
    "an exit code in words": lambda plan: plan["commands"][0]["exit_codes"].update(zero="good"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_spoiled_plan_does_not_fit(spoil: Callable[[dict[str, Any]], object]) -> None:
    plan = json.loads(text(rendered(), "plan.json"))
    assert fits("plan", plan)
    spoil(plan)
    assert not fits("plan", plan)


@pytest.mark.parametrize(
    ("name", "good", "change"),
    [
        ("event", STEP, {"event": "dome"}),
        ("event", STEP, {"step": "-"}),
        ("event", STEP, {"time": "yesterday"}),
        ("event", STEP, {"log": 1}),
        ("event", STEP, {"more": ""}),
        ("event", STEP | {"event": "run-ended", "step": "-", "result": "ok", "run": "-"}, {"result": "fine"}),
        ("event", STEP | {"event": "failed", "log": ".state/logs/x"}, {"result": "ok"}),
        ("event", {"event": "exit", "code": 0}, {"code": "0"}),
        ("event", {"schema": 1, "event": "output", "text": "x"}, {"text": None}),
        ("event", CHECK, {"result": "no"}),
        ("event", CHECK | {"says": ["because"]}, {"says": "because"}),
        ("audit", ENDED, {"event": "begin"}),
        ("audit", ENDED, {"code": None}),
        ("journal", RECORD, {"sum": "3"}),
        ("journal", RECORD, {"seq": 0}),
        ("journal", RECORD, {"event": "kept"}),
        ("journal", RECORD, {"scope": "some"}),
        ("journal", RECORD, {"step": "30-base-image; rm"}),
        ("journal", RECORD | {"event": "commit", "step": "-"}, {"run": "-"}),
    ],
)
def test_a_line_fits_and_a_spoiled_one_does_not(name: str, good: dict[str, Any], change: dict[str, Any]) -> None:
    assert fits(name, good)
    assert not fits(name, copy.deepcopy(good) | change)


def test_the_words_of_a_step_are_those_that_gen_follows() -> None:
    assert set(STEP_EVENTS) == {phase.value for phase in Phase} - {"waiting"}
