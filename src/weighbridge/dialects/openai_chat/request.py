"""An OpenAI chat call, both ways: what a caller sends in, and what goes out to a host that speaks the same dialect."""

from typing import cast

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
from weighbridge.dialects.openai_chat.messages import keep_wire_form, parse_messages, render_messages
from weighbridge.dialects.openai_chat.tools import (
    parse_output,
    parse_tool_choice,
    parse_tools,
    render_output,
    render_tool_choice,
    render_tools,
)
from weighbridge.dialects.thinking import parse_effort
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.profile import Profile
from weighbridge.domain.reasoning import Reasoning
from weighbridge.domain.request import TEXT_OUTPUT, Request, Sampling

DIALECT = "openai_chat"
MOST_CHOICES = 128
_INSTRUCTING = frozenset({"system", "developer"})
OUTPUT_LIMITS = ("max_completion_tokens", "max_tokens")
"""The same limit under its present and its older name; many hosts know only the older one."""


def parse_request(body: bytes) -> Request:
    """A chat call. Fields that the gateway has no word for stay in `Request.body` and go on to the host.

    Raises MalformedBodyError, InvalidFieldError (`param` names the place) or EmptyInputError.
    """
    fields = parse_object(body)
    return Request(
        model=need_text(fields, "model"),
        messages=parse_messages(read_list(fields, "messages")),
        dialect=DIALECT,
        max_output_tokens=_output_limit(fields),
        sampling=_sampling(fields),
        tools=parse_tools(fields),
        tool_choice=parse_tool_choice(fields),
        output=parse_output(fields),
        reasoning=_reasoning(fields),
        choices=read_int(fields, "n", least=1, most=MOST_CHOICES) or 1,
        wants_logprobs=_wants_logprobs(fields),
        is_stream=read_flag(fields, "stream") or False,
        wants_stream_usage=_wants_usage(fields),
        user=read_user(fields),
        metadata=read_labels(fields, "metadata"),
        body=fields,
    )


def _output_limit(fields: Fields) -> int | None:
    limits = [read_int(fields, key, least=1) for key in OUTPUT_LIMITS]
    return min((limit for limit in limits if limit is not None), default=None)


def _sampling(fields: Fields) -> Sampling:
    return Sampling(
        temperature=read_number(fields, "temperature", least=0, most=2),
        top_p=read_number(fields, "top_p", least=0, most=1),
        seed=read_int(fields, "seed", least=-(2**63)),
        stop=_stop(fields.get("stop")),
        frequency_penalty=read_number(fields, "frequency_penalty", least=-2, most=2),
        presence_penalty=read_number(fields, "presence_penalty", least=-2, most=2),
    )


def _reasoning(fields: Fields) -> Reasoning | None:
    effort = parse_effort(read_text(fields, "reasoning_effort"))
    return None if effort is None else Reasoning(effort)


def _stop(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if type(value) is str:
        return (value,)
    if type(value) is list and all(type(item) is str for item in value):
        return tuple(value)
    raise invalid("stop", "text or a list of texts", value)


def _wants_logprobs(fields: Fields) -> bool:
    read_int(fields, "top_logprobs", least=0, most=20)
    return read_flag(fields, "logprobs") or False


def _wants_usage(fields: Fields) -> bool:
    options = read_object(fields, "stream_options")
    return options is not None and (read_flag(options, "include_usage", "stream_options") or False)


def render_request(
    request: Request, model: PortfolioModel, *, wants_logprobs: bool, messages_changed: bool = True
) -> bytes:
    """The call on the wire for `model`.

    A caller's body of the same dialect goes out as it came, in its own field order, but for what policy changes: the
    model's name, the output limit, streaming with usage, log-probabilities, and what this host calls things. With
    `messages_changed` the messages are compared one by one and only those that the gateway added or rewrote are written
    anew.
    """
    if request.dialect == DIALECT and request.body is not None:
        body = dict(request.body)
        if messages_changed:
            body["messages"] = keep_wire_form(request.messages, body["messages"])
        if request.added_tools:
            body["tools"] = [*(read_list(body, "tools") or ()), *render_tools(request.added_tools)]
        if request.output != TEXT_OUTPUT and body.get("response_format") is None:
            body["response_format"] = render_output(request.output)
    else:
        body = _build(request, model)
    body["model"] = model.upstream_name
    _bound_output(body, request.max_output_tokens, model.profile)
    if model.profile.instructions is not None:
        body["messages"] = _with_role(cast("list[object]", body["messages"]), model.profile.instructions)
    _set_streaming(body, request.is_stream)
    if wants_logprobs:
        body["logprobs"] = True
    return orjson.dumps(body)


def _build(request: Request, model: PortfolioModel) -> dict[str, object]:
    sampling, thinks = request.sampling, request.reasoning is not None and model.reasoning is not None
    optional: dict[str, object] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "stop": list(sampling.stop) or None,
        "tools": render_tools(request.tools) or None,
        "response_format": None if request.output == TEXT_OUTPUT else render_output(request.output),
        "n": request.choices if request.choices > 1 else None,
        "reasoning_effort": request.reasoning.word.value if request.reasoning and thinks else None,
    }
    body: dict[str, object] = {"model": "", "messages": render_messages(request.messages)}
    if request.tool_choice is not None and request.tools:
        body |= render_tool_choice(request.tool_choice)
    return body | {key: value for key, value in optional.items() if value is not None}


def _bound_output(body: dict[str, object], limit: int | None, profile: Profile) -> None:
    """Under the name that the host takes, else under the caller's own."""
    if limit is None:
        return
    stated = [key for key in OUTPUT_LIMITS if body.get(key) is not None] or ["max_tokens"]
    if profile.output_limit is not None and stated != [profile.output_limit]:
        for key in OUTPUT_LIMITS:
            body.pop(key, None)
        stated = [profile.output_limit]
    for key in stated:
        body[key] = limit


def _with_role(messages: list[object], role: str) -> list[object]:
    """Instructions in the role that the host knows; every other message as it is."""
    return [
        {**message, "role": role}
        if isinstance(message, dict) and message.get("role") in _INSTRUCTING and message["role"] != role
        else message
        for message in messages
    ]


def _set_streaming(body: dict[str, object], is_stream: bool) -> None:
    """Usage is always asked for; a call that is not streamed may not carry stream options."""
    if is_stream:
        options = body.get("stream_options")
        body["stream"] = True
        body["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
        return
    body.pop("stream", None)
    body.pop("stream_options", None)
