"""A call to Bedrock's Converse, which only hosts speak here.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

import orjson

from weighbridge.dialects.bedrock.contents import FORM, has_tool_traffic, render_system, render_turns
from weighbridge.dialects.foreign import no_place, refuse_foreign
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import OutputFormat, Request, Tool, ToolChoice

Wire = dict[str, object]


def render_request(request: Request, model: PortfolioModel, *, wants_logprobs: bool) -> bytes:
    """The call on the wire; the model's name stands in the path. Raises InvalidFieldError for what has no place."""
    _refuse_what_cannot_be_carried(request, wants_logprobs=wants_logprobs)
    optional: Wire = {
        "system": render_system(request.messages),
        "toolConfig": _tools(request),
        "outputConfig": _output(request.output),
    }
    body: Wire = {"messages": render_turns(request.messages), "inferenceConfig": _inference(request, model)}
    return orjson.dumps(body | {key: value for key, value in optional.items() if value is not None})


def _refuse_what_cannot_be_carried(request: Request, *, wants_logprobs: bool) -> None:
    sampling, choice = request.sampling, request.tool_choice
    wishes = {
        "n": ("more than one answer", request.choices > 1),
        "seed": ("a seed", sampling.seed is not None),
        "temperature": ("a temperature above 1", (sampling.temperature or 0) > 1),
        "stop": ("a stop text that is empty", "" in sampling.stop),
        "logprobs": ("log-probabilities", wants_logprobs or request.wants_logprobs),
        "response_format": ("JSON without a schema", request.output.kind == "json_object"),
        "parallel_tool_calls": ("one tool call at most", choice is not None and not choice.may_be_parallel),
        "tools": ("calls of tools without the tools", not request.tools and has_tool_traffic(request.messages)),
        "tool_choice": (
            "tools that were used and may not be used now",
            choice is not None and choice.kind == "none" and has_tool_traffic(request.messages),
        ),
    }
    for param, (wish, has_it) in wishes.items():
        if has_it:
            raise no_place(param, wish, FORM)
    refuse_foreign(request, FORM)


def _inference(request: Request, model: PortfolioModel) -> Wire:
    sampling = request.sampling
    optional: Wire = {
        "maxTokens": request.max_output_tokens or model.max_output_tokens,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "stopSequences": list(sampling.stop) or None,
    }
    return {key: value for key, value in optional.items() if value is not None}


def _output(output: OutputFormat) -> Wire | None:
    """A schema goes out as the text that Bedrock wants it as."""
    if output.schema_json is None:
        return None
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
