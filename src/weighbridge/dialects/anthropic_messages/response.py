"""A whole answer, both ways: read strictly from a host, written for a caller."""

from collections.abc import Mapping
from typing import cast

import orjson

from weighbridge.dialects.anthropic_messages.blocks import Block, render_call, render_thought
from weighbridge.dialects.anthropic_messages.errors import error_in_answer
from weighbridge.dialects.anthropic_messages.usage import parse_usage, render_usage
from weighbridge.dialects.carried import as_object_text
from weighbridge.dialects.citations import search_result_locations
from weighbridge.dialects.wire_object import answer_in
from weighbridge.domain.errors import ProviderMalformedError
from weighbridge.domain.request import Thought, ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response

STOP_REASONS: Mapping[object, FinishReason] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_use": FinishReason.TOOL_CALLS,
    "refusal": FinishReason.CONTENT_FILTER,
}
"""What is not listed, such as `pause_turn`, leaves open whether the answer is whole."""
_THOUGHTS = ("thinking", "redacted_thinking")
_WORDS: Mapping[FinishReason, str] = {
    FinishReason.STOP: "end_turn",
    FinishReason.LENGTH: "max_tokens",
    FinishReason.TOOL_CALLS: "tool_use",
    FinishReason.CONTENT_FILTER: "refusal",
}


def parse_response(body: bytes) -> Response:
    """A host's answer. Raises ProviderMalformedError when it is not one, ProviderError when it holds an error."""
    answer = answer_in(body, malformed)
    if answer.get("type") == "error" or answer.get("error"):
        raise error_in_answer(answer.get("error"))
    return Response(
        model=text_or_empty(answer.get("model"), "model"),
        choices=(_parse_choice(answer),),
        usage=parse_usage(answer.get("usage")),
        provider_id=text_or_empty(answer.get("id"), "id") or None,
        body=answer,
    )


def malformed(what: str) -> ProviderMalformedError:
    """The error for an answer that breaks the dialect; `what` is ours, never the provider's words."""
    return ProviderMalformedError(
        f"The provider's answer {what}.", advice="Check that the host speaks Anthropic Messages.", may_have_cost=True
    )


def text_or_empty(value: object, name: str) -> str:
    """Text, with null and absent as empty."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    raise malformed(f"holds a {name} that is not text")


def _parse_choice(answer: Mapping[str, object]) -> Choice:
    """The text, the calls, what was thought; whatever else a block may hold stays in the body."""
    blocks = answer.get("content")
    if type(blocks) is not list:
        raise malformed("holds no list of content")
    texts, calls, thoughts = list[str](), list[ToolCall](), list[Thought]()
    for block in blocks:
        if type(block) is not dict:
            raise malformed("holds a content block that is not an object")
        if block.get("type") == "text":
            texts.append(text_or_empty(block.get("text"), "text"))
        elif block.get("type") == "tool_use":
            calls.append(parse_call(block))
        elif block.get("type") in _THOUGHTS:
            thoughts.append(parse_thought(block))
    return Choice(
        text="".join(texts),
        finish_reason=parse_stop(answer.get("stop_reason")) or FinishReason.UNKNOWN,
        tool_calls=tuple(calls),
        thoughts=tuple(thoughts),
    )


def parse_thought(block: Mapping[str, object]) -> Thought:
    """A block of thinking, whole or as it begins."""
    names = ("thinking", "signature", "data")
    text, signature, sealed = (text_or_empty(block.get(name), name) for name in names)
    return Thought(text, signature, sealed)


def parse_call(block: Mapping[str, object]) -> ToolCall:
    """A `tool_use` block. In a stream its input is still empty, and so are the arguments."""
    arguments = block.get("input")
    if arguments is not None and type(arguments) is not dict:
        raise malformed("holds a tool call whose input is not an object")
    try:
        text = orjson.dumps(arguments or {}).decode()
    except TypeError:
        raise malformed("holds a tool call that is nested too deep") from None
    return ToolCall(text_or_empty(block.get("id"), "tool call id"), text_or_empty(block.get("name"), "tool name"), text)


def parse_stop(value: object) -> FinishReason | None:
    """Why it ended; `None` for null, `unknown` for a word that says nothing about the answer being whole."""
    if value is None:
        return None
    return STOP_REASONS.get(value, FinishReason.UNKNOWN) if type(value) is str else FinishReason.UNKNOWN


def render_response(
    response: Response, *, model: str, created: int, response_id: str, shows_logprobs: bool = True
) -> bytes:
    """The answer for a caller, `model` being the one that really served.

    A host's body of the same dialect is passed on with all it holds; else one is built, of the first choice: a caller
    of this dialect can ask for no other.
    """
    del created, shows_logprobs  # every dialect is rendered by one signature; this one has no place for either
    body = response.body
    if body is not None and body.get("type") == "message":
        try:
            named = {**body, "id": body.get("id") or response_id, "model": model}
            return orjson.dumps(_cited(named, response.choices[0]) if response.choices[0].citations else named)
        except TypeError:
            # A host may nest deeper than can be written again; its words are still known.
            pass
    choice = response.choices[0]
    answer = empty_message(model, response_id) | {
        "content": _render_content(choice),
        "stop_reason": render_stop(choice.finish_reason, refuses=bool(choice.refusal), calls=bool(choice.tool_calls)),
        "usage": render_usage(response.usage),
    }
    return orjson.dumps(answer)


def empty_message(model: str, response_id: str) -> dict[str, object]:
    """A message that nothing was said in yet: how a stream begins."""
    return {
        "id": response_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": render_usage(None),
    }


def _cited(body: dict[str, object], choice: Choice) -> dict[str, object]:
    """Our citations at the last block of text, which the marks of the whole answer lead up to."""
    blocks = list(cast("list[Block]", body["content"]))
    last = max((place for place, block in enumerate(blocks) if block.get("type") == "text"), default=None)
    if last is not None:
        blocks[last] = {**blocks[last], "citations": search_result_locations(choice.citations)}
    return {**body, "content": blocks}


def _render_content(choice: Choice) -> list[Block]:
    text = choice.text or choice.refusal
    blocks: list[Block] = [{"type": "text", "text": text}] if text else []
    if blocks and choice.citations:
        blocks[0]["citations"] = search_result_locations(choice.citations)
    thoughts = [render_thought(thought) for thought in choice.thoughts]
    return [*thoughts, *blocks, *(_render_call(call) for call in choice.tool_calls)]


def _render_call(call: ToolCall) -> Block:
    """Arguments that are no JSON object stand as text in one: the tool must see that they are not what it asked for."""
    arguments = as_object_text(call.arguments)
    return render_call(call, {"invalid_arguments": call.arguments} if arguments is None else arguments)


def render_stop(reason: FinishReason, *, refuses: bool, calls: bool) -> str:
    """The word for it. An answer whose end is not known may be cut, so `max_tokens`.

    Agents run tools only on `tool_use`, while some hosts of other dialects report a plain stop beside their calls.
    """
    if refuses:
        return "refusal"
    if calls and reason is FinishReason.STOP:
        return "tool_use"
    return _WORDS.get(reason, "max_tokens")


def render_token_count(tokens: int) -> bytes:
    """The answer of `count_tokens`."""
    return orjson.dumps({"input_tokens": tokens})
