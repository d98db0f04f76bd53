"""Tools on offer, what is to be done with them, and the wanted shape of the answer, both ways."""

from collections.abc import Mapping
from typing import cast

import orjson

from weighbridge.dialects.fields import (
    Fields,
    as_object,
    invalid,
    join,
    need_object,
    need_text,
    one_of,
    read_flag,
    read_list,
    read_object,
    read_text,
)
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import TEXT_OUTPUT, OutputFormat, Tool, ToolChoice

ANY_INPUT: Mapping[str, object] = {"type": "object"}
"""Anthropic wants a schema with every tool; callers of other doors may give none."""
_CHOICES: Mapping[str, str] = {"auto": "auto", "any": "required", "none": "none", "tool": "tool"}
_WORDS = {kind: word for word, kind in _CHOICES.items()}
_SCHEMAS_BY_NAME = ("properties", "$defs", "definitions")
_SCHEMAS_IN_LIST = ("anyOf", "oneOf", "allOf", "prefixItems")


def parse_tools(fields: Fields) -> tuple[Tool, ...]:
    """The `tools` list. Tools that the provider itself would run are refused: they reach out past the policy."""
    items = read_list(fields, "tools")
    return tuple([_parse_tool(item, f"tools[{index}]") for index, item in enumerate(items)]) if items else ()


def _parse_tool(item: object, path: str) -> Tool:
    fields = as_object(item, path)
    kind, param = read_text(fields, "type", path), join(path, "type")
    if kind is not None and kind != "custom":
        raise InvalidFieldError(
            f"`{param}` must be `custom`: tools that the provider runs are not supported.",
            advice="Offer a tool that the caller runs.",
            param=param,
        )
    return Tool(
        name=need_text(fields, "name", path),
        description=read_text(fields, "description", path),
        parameters_json=orjson.dumps(need_object(fields, "input_schema", path)).decode(),
    )


def render_tools(tools: tuple[Tool, ...]) -> list[dict[str, object]]:
    """The `tools` list."""
    return [_render_tool(tool) for tool in tools]


def _render_tool(tool: Tool) -> dict[str, object]:
    wire: dict[str, object] = {"name": tool.name}
    if tool.description is not None:
        wire["description"] = tool.description
    schema = tool.parameters_json
    wire["input_schema"] = ANY_INPUT if schema is None or schema == "{}" else orjson.Fragment(schema)
    return wire


def parse_tool_choice(fields: Fields) -> ToolChoice | None:
    """The `tool_choice`."""
    choice = read_object(fields, "tool_choice")
    if choice is None:
        return None
    word = one_of(choice.get("type"), tuple(_CHOICES), "tool_choice.type")
    return ToolChoice(
        _CHOICES[word],
        name=need_text(choice, "name", "tool_choice") if word == "tool" else None,
        may_be_parallel=not read_flag(choice, "disable_parallel_tool_use", "tool_choice"),
    )


def render_tool_choice(choice: ToolChoice) -> dict[str, object]:
    """The `tool_choice`."""
    wire: dict[str, object] = {"type": _WORDS[choice.kind]}
    if choice.name is not None:
        wire["name"] = choice.name
    if not choice.may_be_parallel and choice.kind != "none":
        wire["disable_parallel_tool_use"] = True
    return wire


def parse_output(fields: Fields) -> OutputFormat:
    """The `output_config.format`, or `output_format`, its name while it was in beta."""
    config = read_object(fields, "output_config") or {}
    path = "output_config.format" if config.get("format") is not None else "output_format"
    wanted = read_object(config, "format", "output_config") or read_object(fields, "output_format")
    if wanted is None:
        return TEXT_OUTPUT
    one_of(wanted.get("type"), ("json_schema",), join(path, "type"))
    schema = wanted.get("schema")
    if type(schema) is not dict:
        raise invalid(join(path, "schema"), "a JSON Schema object", schema)
    return OutputFormat("json_schema", orjson.dumps(schema).decode())


def render_output(schema_json: str) -> dict[str, object]:
    """The `output_config`. Hosts take closed objects only, so each open one is closed: fewer answers fit, never more.

    https://platform.claude.com/docs/en/build-with-claude/structured-outputs
    """
    return {"format": {"type": "json_schema", "schema": _closed(orjson.loads(schema_json))}}


def _closed(schema: object) -> object:
    """The schema with `additionalProperties: false` in each object that does not say otherwise."""
    if not isinstance(schema, dict):
        return schema
    closed: dict[str, object] = dict(schema)
    for key in _SCHEMAS_BY_NAME:
        if isinstance(named := closed.get(key), dict):
            closed[key] = {name: _closed(inner) for name, inner in named.items()}
    for key in _SCHEMAS_IN_LIST:
        if isinstance(listed := closed.get(key), list):
            closed[key] = [_closed(inner) for inner in cast("list[object]", listed)]
    if "items" in closed:
        closed["items"] = _closed(closed["items"])
    if "properties" in closed or closed.get("type") in ("object", ["object", "null"]):
        closed.setdefault("additionalProperties", False)
    return closed
