"""An OpenAI Responses call, both ways. Nothing is kept between calls: whoever goes on sends the whole conversation."""

import orjson

from weighbridge.dialects.fields import (
    Fields,
    invalid,
    need_text,
    read_flag,
    read_int,
    read_labels,
    read_list,
    read_number,
    read_object,
    read_text,
    read_user,
)
from weighbridge.dialects.json_text import parse_object
from weighbridge.dialects.openai_responses.items import Turn, keep_wire_form, parse_input, render_items
from weighbridge.dialects.openai_responses.limits import refuse_state, refuse_wishes
from weighbridge.dialects.openai_responses.tools import (
    parse_output,
    parse_tool_choice,
    parse_tools,
    render_output,
    render_tool_choice,
    render_tools,
)
from weighbridge.dialects.thinking import parse_effort
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.reasoning import Reasoning
from weighbridge.domain.request import TEXT_OUTPUT, Request, Sampling

DIALECT = "openai_responses"
LOGPROBS = "message.output_text.logprobs"


def parse_request(body: bytes) -> Request:
    """A call. Fields that the gateway has no word for stay in `Request.body` and go on to a host of the same dialect.

    Raises MalformedBodyError, InvalidFieldError (`param` names the place) or EmptyInputError.
    """
    fields = parse_object(body)
    refuse_state(fields)
    return Request(
        model=need_text(fields, "model"),
        messages=tuple(turn.message for turn in _turns(fields)),
        dialect=DIALECT,
        max_output_tokens=read_int(fields, "max_output_tokens", least=1),
        sampling=Sampling(
            temperature=read_number(fields, "temperature", least=0, most=2),
            top_p=read_number(fields, "top_p", least=0, most=1),
        ),
        tools=parse_tools(fields),
        tool_choice=parse_tool_choice(fields),
        output=parse_output(fields),
        reasoning=_reasoning(fields),
        wants_logprobs=_wants_logprobs(fields),
        is_stream=read_flag(fields, "stream") or False,
        wants_stream_usage=True,
        user=read_user(fields),
        metadata=read_labels(fields, "metadata"),
        body=fields,
    )


def _turns(fields: Fields) -> tuple[Turn, ...]:
    return parse_input(fields.get("input"), read_text(fields, "instructions"))


def _reasoning(fields: Fields) -> Reasoning | None:
    effort = parse_effort((read_object(fields, "reasoning") or {}).get("effort"))
    return None if effort is None else Reasoning(effort)


def _wants_logprobs(fields: Fields) -> bool:
    read_int(fields, "top_logprobs", least=0, most=20)
    included = fields.get("include")
    if included is not None and type(included) is not list:
        raise invalid("include", "a list", included)
    return included is not None and LOGPROBS in included


def render_request(
    request: Request, model: PortfolioModel, *, wants_logprobs: bool, messages_changed: bool = True
) -> bytes:
    """The call on the wire for `model`.

    A caller's body of the same dialect goes out as it came but for what policy changes: the model's name, the output
    limit, streaming, log-probabilities, and that the host is to keep nothing. Raises InvalidFieldError for what a
    foreign body wants and this format cannot carry.
    """
    if request.dialect == DIALECT and request.body is not None:
        body = dict(request.body)
        if messages_changed:
            body["input"], has_instructions = keep_wire_form(request.messages, _turns(request.body))
            if not has_instructions:
                body.pop("instructions", None)
        if request.added_tools:
            body["tools"] = [*(read_list(body, "tools") or ()), *render_tools(request.added_tools)]
        if request.output != TEXT_OUTPUT and not _states_format(body):
            body["text"] = {**(read_object(body, "text") or {}), **render_output(request.output)}
    else:
        refuse_wishes(request)
        body = _build(request, model)
    body |= {"model": model.upstream_name, "store": False}
    if request.max_output_tokens is not None:
        body["max_output_tokens"] = request.max_output_tokens
    body.pop("stream", None)
    if request.is_stream:
        body["stream"] = True
    if wants_logprobs:
        included = body.get("include")
        body["include"] = [*(included if isinstance(included, list) else []), LOGPROBS]
    return orjson.dumps(body)


def _states_format(body: Fields) -> bool:
    text = body.get("text")
    return isinstance(text, dict) and text.get("format") is not None


def _build(request: Request, model: PortfolioModel) -> dict[str, object]:
    sampling, wanted = request.sampling, request.reasoning if model.reasoning is not None else None
    optional: dict[str, object] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "tools": render_tools(request.tools) or None,
        "text": None if request.output == TEXT_OUTPUT else render_output(request.output),
        "reasoning": None if wanted is None else {"effort": wanted.word.value, "summary": "auto"},
    }
    body: dict[str, object] = {"model": "", "input": render_items(request.messages)}
    if request.tool_choice is not None and request.tools:
        body |= render_tool_choice(request.tool_choice)
    return body | {key: value for key, value in optional.items() if value is not None}
