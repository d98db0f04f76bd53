"""Tools on offer and the wanted shape of the answer, both ways."""

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

CHOICES = ("auto", "none", "required")
SCHEMA_NAME = "answer"
"""OpenAI wants a name beside a schema; callers of other doors give none."""


def parse_tools(fields: Fields) -> tuple[Tool, ...]:
    """The `tools` list. The functions that came before it are refused rather than lost."""
    for key in ("functions", "function_call"):
        if fields.get(key) is not None:
            raise InvalidFieldError(f"`{key}` is not supported.", advice="Use `tools` and `tool_choice`.", param=key)
    items = read_list(fields, "tools")
    return tuple(_parse_tool(item, f"tools[{index}]") for index, item in enumerate(items)) if items else ()


def _parse_tool(item: object, path: str) -> Tool:
    fields = as_object(item, path)
    kind = one_of(fields.get("type"), ("function", "custom"), join(path, "type"))
    body, at = need_object(fields, kind, path), join(path, kind)
    parameters = read_object(body, "parameters", at)
    return Tool(
        name=need_text(body, "name", at),
        description=read_text(body, "description", at),
        parameters_json=None if parameters is None else orjson.dumps(parameters).decode(),
    )


def render_tools(tools: tuple[Tool, ...]) -> list[dict[str, object]]:
    """The `tools` list."""
    return [{"type": "function", "function": _render_function(tool)} for tool in tools]


def _render_function(tool: Tool) -> dict[str, object]:
    function: dict[str, object] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.parameters_json is not None:
        function["parameters"] = orjson.Fragment(tool.parameters_json)
    return function


def parse_tool_choice(fields: Fields) -> ToolChoice | None:
    """The `tool_choice` with `parallel_tool_calls`; `None` when absent, or of a kind that only the host may know."""
    wanted = fields.get("tool_choice")
    may_be_parallel = read_flag(fields, "parallel_tool_calls") is not False
    if wanted is None:
        return None if may_be_parallel else ToolChoice("auto", may_be_parallel=False)
    if isinstance(wanted, str) and wanted in CHOICES:
        return ToolChoice(wanted, may_be_parallel=may_be_parallel)
    function = wanted.get("function") if isinstance(wanted, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return ToolChoice("tool", name, may_be_parallel) if isinstance(name, str) and name else None


def render_tool_choice(choice: ToolChoice) -> dict[str, object]:
    """The `tool_choice`, and `parallel_tool_calls` where it says something."""
    named = {"type": "function", "function": {"name": choice.name}}
    wire: dict[str, object] = {"tool_choice": named if choice.kind == "tool" else choice.kind}
    return wire if choice.may_be_parallel else wire | {"parallel_tool_calls": False}


def parse_output(fields: Fields) -> OutputFormat:
    """The `response_format`."""
    wanted = read_object(fields, "response_format")
    if wanted is None:
        return TEXT_OUTPUT
    kind = one_of(wanted.get("type"), ("text", "json_object", "json_schema"), "response_format.type")
    if kind != "json_schema":
        return TEXT_OUTPUT if kind == "text" else OutputFormat(kind)
    path = "response_format.json_schema"
    schema = need_object(wanted, "json_schema", "response_format").get("schema")
    if type(schema) is not dict:
        raise invalid(join(path, "schema"), "a JSON Schema object", schema)
    return OutputFormat(kind, orjson.dumps(schema).decode())


def render_output(output: OutputFormat) -> dict[str, object]:
    """The `response_format`."""
    if output.kind != "json_schema" or output.schema_json is None:
        return {"type": output.kind}
    schema = orjson.Fragment(output.schema_json)
    return {"type": "json_schema", "json_schema": {"name": SCHEMA_NAME, "schema": schema}}
