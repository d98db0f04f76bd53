"""A call to Gemini's `generateContent`: https://ai.google.dev/api/generate-content. Only hosts speak it here."""

import orjson

from weighbridge.dialects.gemini.contents import render_contents, render_instructions
from weighbridge.dialects.gemini.limits import refuse_wishes
from weighbridge.dialects.thinking import gemini_config
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import OutputFormat, Request, Tool, ToolChoice

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "tool": "ANY"}
Wire = dict[str, object]


def render_request(request: Request, model: PortfolioModel, *, wants_logprobs: bool) -> bytes:
    """The call on the wire; the model's name stands in the path. Raises InvalidFieldError for what has no place."""
    refuse_wishes(request)
    optional: Wire = {
        "systemInstruction": render_instructions(request.messages),
        "tools": _tools(request.tools),
        "toolConfig": _choice(request.tool_choice) if request.tools else None,
    }
    body: Wire = {
        "contents": render_contents(request.messages),
        "generationConfig": _generation(request, model, wants_logprobs),
    }
    return orjson.dumps(body | {key: value for key, value in optional.items() if value is not None})


def _generation(request: Request, model: PortfolioModel, wants_logprobs: bool) -> Wire:
    sampling = request.sampling
    optional: Wire = {
        "maxOutputTokens": request.max_output_tokens or model.max_output_tokens,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "seed": sampling.seed,
        "topK": sampling.top_k,
        "frequencyPenalty": sampling.frequency_penalty,
        "presencePenalty": sampling.presence_penalty,
        "stopSequences": list(sampling.stop) or None,
        "candidateCount": request.choices if request.choices > 1 else None,
        "responseLogprobs": True if wants_logprobs else None,
        "thinkingConfig": gemini_config(request.reasoning, model.reasoning),
        **_output(request.output),
    }
    return {key: value for key, value in optional.items() if value is not None}


def _output(output: OutputFormat) -> Wire:
    """A schema goes out as JSON Schema, which the older `responseSchema` is only a part of."""
    if output.kind == "text":
        return {}
    schema = None if output.schema_json is None else orjson.Fragment(output.schema_json)
    return {"responseMimeType": "application/json", "responseJsonSchema": schema}


def _tools(tools: tuple[Tool, ...]) -> list[Wire] | None:
    return [{"functionDeclarations": [_tool(tool) for tool in tools]}] if tools else None


def _tool(tool: Tool) -> Wire:
    schema = None if tool.parameters_json is None else orjson.Fragment(tool.parameters_json)
    optional = {"description": tool.description, "parametersJsonSchema": schema}
    return {"name": tool.name, **{key: value for key, value in optional.items() if value is not None}}


def _choice(choice: ToolChoice | None) -> Wire | None:
    if choice is None:
        return None
    named = {"allowedFunctionNames": [choice.name]} if choice.kind == "tool" else {}
    return {"functionCallingConfig": {"mode": _MODES[choice.kind], **named}}
