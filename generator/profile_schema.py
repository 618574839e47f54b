"""The JSON Schema of a profile, for editors: what the model says, with the names that are found at run time."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from generator.agents import agent_names
from generator.engines import engine_names
from generator.profile_layers import profile_names
from generator.profile_model import Profile


def build_schema() -> dict[str, Any]:
    """The schema as plain data. The same for the same templates, so that it can be compared byte for byte."""
    schema = Profile.model_json_schema()
    definitions = schema["$defs"]
    _without_titles(schema)
    definitions["Agent"]["properties"]["name"]["enum"] = list(agent_names())
    schema["properties"]["engine"]["enum"] = list(engine_names())
    section = schema["properties"]["isolation"]
    word = definitions["Isolation"]["properties"]["backend"]["enum"]
    schema["properties"]["isolation"] = {
        "anyOf": [{"$ref": section.pop("$ref")}, {"enum": word}],
        **section,
    }
    extends = {
        "type": "string",
        "minLength": 1,
        "description": "The profile that this one starts from: the name of a built-in one, or a path from this file.",
        "examples": [*profile_names(), "./team.yaml"],
    }
    properties = {"extends": extends, **schema.pop("properties")}
    # A file that extends another one need not give the name again.
    required = schema.pop("required")
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "Profile of a sandbox",
        **schema,
        "properties": properties,
        "anyOf": [{"required": required}, {"required": ["extends"]}],
    }


def _without_titles(schema: Any) -> None:
    """Titles that only repeat a key say nothing to a person."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        for below in schema.values():
            _without_titles(below)
    elif isinstance(schema, list):
        for below in schema:
            _without_titles(below)
