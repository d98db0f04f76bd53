"""Tools on offer and the wanted shape of the answer, both ways."""

import orjson

from weighbridge.dialects.fields import (
    Fields,
    as_object,
    invalid,
    join,
    need_text,
    one_of,
    read_flag,
    read_list,
    read_object,
    read_text,
)
from weighbridge.domain.request import TEXT_OUTPUT, OutputFormat, Tool, ToolChoice

CHOICES = ("auto", "none", "required")
SCHEMA_NAME = "answer"


def parse_tools(fields: Fields) -> tuple[Tool, ...]:
    """The functions on offer. Tools that a host runs itself are refused: no other host could, and nobody would see."""
    items = read_list(fields, "tools") or []
    return tuple(_parse_tool(item, f"tools[{index}]") for index, item in enumerate(items))


def _parse_tool(item: object, path: str) -> Tool:
    fields = as_object(item, path)
    if one_of(fields.get("type"), ("function", "custom"), join(path, "type")) == "custom":
        return Tool(need_text(fields, "name", path), read_text(fields, "description", path), None)
    parameters = read_object(fields, "parameters", path)
    return Tool(
        need_text(fields, "name", path),
        read_text(fields, "description", path),
        None if parameters is None else orjson.dumps(parameters).decode(),
    )


def render_tools(tools: tuple[Tool, ...]) -> list[dict[str, object]]:
    """The `tools` list. Schemas are not made strict: that would change what they allow."""
    return [_render_tool(tool) for tool in tools]


def _render_tool(tool: Tool) -> dict[str, object]:
    wire: dict[str, object] = {"type": "function", "name": tool.name, "strict": False}
    if tool.description is not None:
        wire["description"] = tool.description
    wire["parameters"] = orjson.Fragment(tool.parameters_json or '{"type":"object","properties":{}}')
    return wire


def parse_tool_choice(fields: Fields) -> ToolChoice | None:
    """The `tool_choice` with `parallel_tool_calls`; `None` when absent. Raises InvalidFieldError for a kind that only
    some hosts know."""
    wanted = fields.get("tool_choice")
    may_be_parallel = read_flag(fields, "parallel_tool_calls") is not False
    if wanted is None:
        return None if may_be_parallel else ToolChoice("auto", may_be_parallel=False)
    if isinstance(wanted, str):
        return ToolChoice(one_of(wanted, CHOICES, "tool_choice"), may_be_parallel=may_be_parallel)
    choice = as_object(wanted, "tool_choice")
    one_of(choice.get("type"), ("function", "custom"), "tool_choice.type")
    return ToolChoice("tool", need_text(choice, "name", "tool_choice"), may_be_parallel)


def render_tool_choice(choice: ToolChoice) -> dict[str, object]:
    """The `tool_choice`, and `parallel_tool_calls` where it says something."""
    named = {"type": "function", "name": choice.name}
    wire: dict[str, object] = {"tool_choice": named if choice.kind == "tool" else choice.kind}
    return wire if choice.may_be_parallel else wire | {"parallel_tool_calls": False}


def parse_output(fields: Fields) -> OutputFormat:
    """The `text.format`."""
    text = read_object(fields, "text")
    wanted = None if text is None else read_object(text, "format", "text")
    if wanted is None:
        return TEXT_OUTPUT
    kind = one_of(wanted.get("type"), ("text", "json_object", "json_schema"), "text.format.type")
    if kind != "json_schema":
        return TEXT_OUTPUT if kind == "text" else OutputFormat(kind)
    schema = wanted.get("schema")
    if type(schema) is not dict:
        raise invalid("text.format.schema", "a JSON Schema object", schema)
    return OutputFormat(kind, orjson.dumps(schema).decode())


def render_output(output: OutputFormat) -> dict[str, object]:
    """The `text` field."""
    if output.kind != "json_schema" or output.schema_json is None:
        return {"format": {"type": output.kind}}
    schema = orjson.Fragment(output.schema_json)
    return {"format": {"type": "json_schema", "name": SCHEMA_NAME, "schema": schema, "strict": False}}
