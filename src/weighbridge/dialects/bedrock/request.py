"""A call to Bedrock's Converse, which only hosts speak here.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from dataclasses import replace
from typing import cast

import orjson

from weighbridge.dialects.anthropic_messages.limits import can_think
from weighbridge.dialects.bedrock.contents import render_system, render_turns
from weighbridge.dialects.bedrock.limits import refuse_wishes
from weighbridge.dialects.thinking import anthropic_fields
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import OutputFormat, Request, Tool, ToolChoice

Wire = dict[str, object]


def render_request(request: Request, model: PortfolioModel, *, wants_logprobs: bool) -> bytes:
    """The call on the wire; the model's name stands in the path. Raises InvalidFieldError for what has no place."""
    refuse_wishes(replace(request, wants_logprobs=True) if wants_logprobs else request)
    inference = _inference(request, model)
    effort, more = _thinking(request, model, cast("int", inference["maxTokens"]))
    optional: Wire = {
        "system": render_system(request.messages),
        "toolConfig": _tools(request),
        "outputConfig": {**effort, **_output(request.output)} or None,
        "additionalModelRequestFields": more or None,
    }
    body: Wire = {"messages": render_turns(request.messages), "inferenceConfig": inference}
    return orjson.dumps(body | {key: value for key, value in optional.items() if value is not None})


def _inference(request: Request, model: PortfolioModel) -> Wire:
    sampling = request.sampling
    optional: Wire = {
        "maxTokens": request.max_output_tokens or model.max_output_tokens,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "stopSequences": list(sampling.stop) or None,
    }
    return {key: value for key, value in optional.items() if value is not None}


def _thinking(request: Request, model: PortfolioModel, limit: int) -> tuple[Wire, Wire]:
    """What stands in `outputConfig`, and what Bedrock hands to the model as it is: Anthropic's models there know
    `thinking`."""
    wanted = request.reasoning if can_think(request, model) else None
    fields = anthropic_fields(wanted, model.reasoning, limit)
    return (
        {key: value for key, value in fields.items() if key == "effort"},
        {key: value for key, value in fields.items() if key == "thinking"},
    )


def _output(output: OutputFormat) -> Wire:
    """A schema goes out as the text that Bedrock wants it as."""
    if output.schema_json is None:
        return {}
    schema = {"schema": output.schema_json, "name": "answer"}
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


def _tools(request: Request) -> Wire | None:
    """Tools that may not be used are left out, as the format has no word for it."""
    choice = request.tool_choice
    if not request.tools or (choice is not None and choice.kind == "none"):
        return None
    tools: Wire = {"tools": [{"toolSpec": _tool(tool)} for tool in request.tools]}
    return tools if choice is None else tools | {"toolChoice": _choice(choice)}


def _tool(tool: Tool) -> Wire:
    schema = {"type": "object"} if tool.parameters_json is None else orjson.Fragment(tool.parameters_json)
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "inputSchema": {"json": schema}}


def _choice(choice: ToolChoice) -> Wire:
    if choice.kind == "tool":
        return {"tool": {"name": choice.name}}
    return {"any": {}} if choice.kind == "required" else {"auto": {}}
