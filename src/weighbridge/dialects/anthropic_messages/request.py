"""An Anthropic Messages call, both ways: what a caller sends in, and what goes out to a host of the same dialect."""

from dataclasses import replace
from typing import cast

import orjson

from weighbridge.dialects.anthropic_messages.limits import DIALECT, can_think, refuse_wishes
from weighbridge.dialects.anthropic_messages.messages import (
    keep_wire_form,
    parse_messages,
    parse_system,
    render_conversation,
)
from weighbridge.dialects.anthropic_messages.tools import (
    parse_output,
    parse_tool_choice,
    parse_tools,
    render_output,
    render_tool_choice,
    render_tools,
)
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
)
from weighbridge.dialects.json_text import parse_object
from weighbridge.dialects.thinking import anthropic_fields, parse_effort
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.reasoning import Effort, Reasoning
from weighbridge.domain.request import Request, Sampling


def parse_request(body: bytes) -> Request:
    """A Messages call. Fields that the gateway has no word for stay in `Request.body` and go on to the host.

    Raises MalformedBodyError, InvalidFieldError (`param` names the place) or EmptyInputError.
    """
    request = parse_count_request(body)
    if request.max_output_tokens is None:
        raise invalid("max_tokens", "a whole number from 1", None)
    return request


def parse_count_request(body: bytes) -> Request:
    """What `count_tokens` is asked to count: the same call, of which no answer is wanted. Raises the same errors."""
    fields = parse_object(body)
    return Request(
        model=need_text(fields, "model"),
        messages=(*parse_system(fields), *parse_messages(read_list(fields, "messages"))),
        dialect=DIALECT,
        max_output_tokens=read_int(fields, "max_tokens", least=1),
        sampling=_sampling(fields),
        tools=parse_tools(fields),
        tool_choice=parse_tool_choice(fields),
        output=parse_output(fields),
        reasoning=_reasoning(fields),
        is_stream=read_flag(fields, "stream") or False,
        # Every stream of this dialect reports usage; no caller has to ask.
        wants_stream_usage=True,
        user=_metadata(fields).get("user_id"),
        metadata=_metadata(fields),
        body=fields,
    )


def _sampling(fields: Fields) -> Sampling:
    return Sampling(
        top_k=read_int(fields, "top_k", least=0),
        temperature=read_number(fields, "temperature", least=0, most=1),
        top_p=read_number(fields, "top_p", least=0, most=1),
        stop=_stop(fields),
    )


def _reasoning(fields: Fields) -> Reasoning | None:
    """`thinking`, and the `effort` that may stand beside or without it."""
    thinking = read_object(fields, "thinking") or {}
    effort = parse_effort((read_object(fields, "output_config") or {}).get("effort"))
    if thinking.get("type") == "enabled":
        return Reasoning(effort, read_int(thinking, "budget_tokens", "thinking", least=1))
    if thinking.get("type") == "disabled":
        return Reasoning(Effort.NONE)
    return Reasoning(effort) if effort is not None or thinking else None


def _stop(fields: Fields) -> tuple[str, ...]:
    texts = read_list(fields, "stop_sequences") or []
    for index, text in enumerate(texts):
        if type(text) is not str:
            raise invalid(f"stop_sequences[{index}]", "text", text)
    return tuple(cast("list[str]", texts))


def _metadata(fields: Fields) -> dict[str, str]:
    """The caller's labels; `user_id` is the one that the dialect knows, and may be null."""
    labels = read_object(fields, "metadata") or {}
    return read_labels({"metadata": {name: value for name, value in labels.items() if value is not None}}, "metadata")


def render_request(
    request: Request, model: PortfolioModel, *, wants_logprobs: bool, messages_changed: bool = True
) -> bytes:
    """The call on the wire for `model`.

    A caller's body of the same dialect goes out as it came, in its own field order, but for what policy changes: the
    model's name, the output limit, streaming. With `messages_changed` the messages are compared one by one and only
    those that the gateway added or rewrote are written anew. Raises InvalidFieldError for what cannot be carried.
    """
    own = request.body if request.dialect == DIALECT else None
    refuse_wishes(replace(request, wants_logprobs=True) if wants_logprobs else request)
    limit = request.max_output_tokens or model.max_output_tokens
    if own is None:
        body = _build(request, model, limit)
    else:
        _check_thinking(own, limit)
        body = dict(own)
        if messages_changed:
            _set_conversation(body, *keep_wire_form(request.messages, own))
        if request.added_tools:
            body["tools"] = [*(read_list(body, "tools") or ()), *render_tools(request.added_tools)]
        if request.output.schema_json is not None and body.get("output_config") is None:
            body["output_config"] = render_output(request.output.schema_json)
    body["model"] = model.upstream_name
    body["max_tokens"] = limit
    body.pop("stream", None)
    if request.is_stream:
        body["stream"] = True
    return orjson.dumps(body)


def _build(request: Request, model: PortfolioModel, limit: int) -> dict[str, object]:
    sampling, choice, schema = request.sampling, request.tool_choice, request.output.schema_json
    wanted = request.reasoning if can_think(request, model) else None
    thinking = anthropic_fields(wanted, model.reasoning, limit)
    config = {"effort": thinking.get("effort")} if "effort" in thinking else {}
    body: dict[str, object] = {"model": "", "max_tokens": 0}
    _set_conversation(body, *render_conversation(request.messages))
    optional: dict[str, object] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stop_sequences": list(sampling.stop) or None,
        "tools": render_tools(request.tools) or None,
        "tool_choice": render_tool_choice(choice) if choice is not None and request.tools else None,
        "output_config": {**config, **({} if schema is None else render_output(schema))} or None,
        "thinking": thinking.get("thinking"),
    }
    return body | {key: value for key, value in optional.items() if value is not None}


def _set_conversation(body: dict[str, object], system: object, turns: list[dict[str, object]]) -> None:
    if system is not None:
        body["system"] = system
    body["messages"] = turns


def _check_thinking(body: Fields, limit: int) -> None:
    """Hosts refuse a thinking budget that the output limit, which policy may have lowered, has no room for."""
    thinking = body.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if type(budget) is int and budget >= limit:
        raise InvalidFieldError(
            f"`thinking.budget_tokens` must be below the output limit of {limit} tokens.",
            advice="Lower it, or have the task's `max_output_tokens` raised.",
            param="thinking.budget_tokens",
        )
