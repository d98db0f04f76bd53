"""A whole chat answer, both ways: read strictly from a host, written for a caller."""

from collections.abc import Mapping
from typing import cast

import orjson

from weighbridge.dialects.citations import url_citations
from weighbridge.dialects.openai_chat.errors import error_in_answer
from weighbridge.dialects.openai_chat.usage import parse_usage, render_usage
from weighbridge.dialects.wire_object import answer_in
from weighbridge.domain.errors import ProviderMalformedError
from weighbridge.domain.request import Thought, ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response

FINISH_REASONS: Mapping[object, FinishReason] = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
}


def parse_response(body: bytes) -> Response:
    """A host's answer. Raises ProviderMalformedError when it is not one, ProviderError when it holds an error."""
    answer = answer_in(body, malformed)
    if answer.get("error"):
        raise error_in_answer(answer["error"])
    choices = answer.get("choices")
    if type(choices) is not list or not choices:
        raise malformed("holds no choice")
    return Response(
        model=text_or_empty(answer.get("model"), "model"),
        choices=tuple([_parse_choice(choice) for choice in choices]),
        usage=parse_usage(answer.get("usage")),
        provider_id=text_or_empty(answer.get("id"), "id") or None,
        body=answer,
    )


def malformed(what: str) -> ProviderMalformedError:
    """The error for an answer that breaks the dialect; `what` is ours, never the provider's words."""
    return ProviderMalformedError(
        f"The provider's answer {what}.", advice="Check that the host speaks OpenAI chat.", may_have_cost=True
    )


def _parse_choice(choice: object) -> Choice:
    message = choice.get("message") if type(choice) is dict else None
    if type(choice) is not dict or type(message) is not dict:
        raise malformed("holds a choice without a message")
    return Choice(
        text=parse_text(message.get("content")),
        finish_reason=parse_finish(choice.get("finish_reason")) or FinishReason.UNKNOWN,
        tool_calls=_parse_calls(message.get("tool_calls")),
        refusal=text_or_empty(message.get("refusal"), "refusal") or None,
        logprobs=parse_logprobs(choice.get("logprobs")),
        thoughts=(Thought(thought),) if (thought := parse_thought(message)) else (),
    )


def parse_thought(message: Mapping[str, object]) -> str:
    """What the model thought. OpenAI's own format has no place for it; hosts put it into `reasoning_content`
    (DeepSeek, vLLM, llama.cpp) or `reasoning` (OpenRouter, Groq, newer vLLM)."""
    for key in ("reasoning_content", "reasoning"):
        thought = message.get(key)
        if type(thought) is str and thought:
            return thought
    return ""


def text_or_empty(value: object, name: str) -> str:
    """Text, with null and absent as empty."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    raise malformed(f"holds a {name} that is not text")


def parse_text(content: object) -> str:
    """The visible text of `content`: text, null, or a list of parts of which only text ones are shown."""
    if type(content) is list:
        return "".join(
            text_or_empty(part.get("text"), "text")
            for part in content
            if type(part) is dict and part.get("type") == "text"
        )
    return text_or_empty(content, "content")


def parse_finish(value: object) -> FinishReason | None:
    """Why it ended; `None` for null, `unknown` for a word that the dialect does not have."""
    if value is None:
        return None
    return FINISH_REASONS.get(value, FinishReason.UNKNOWN) if type(value) is str else FinishReason.UNKNOWN


def _parse_calls(calls: object) -> tuple[ToolCall, ...]:
    if calls is None:
        return ()
    if type(calls) is not list:
        raise malformed("holds tool calls that are not a list")
    return tuple(parse_call(call) for call in calls)


def parse_call(call: object) -> ToolCall:
    """A tool call or a fragment of one. A custom tool's `input` is its arguments."""
    function = (call.get("function") or call.get("custom")) if type(call) is dict else None
    if type(call) is not dict or type(function) is not dict:
        raise malformed("holds a tool call without a function")
    arguments = function.get("arguments", function.get("input"))
    return ToolCall(
        id=text_or_empty(call.get("id"), "tool call id"),
        name=text_or_empty(function.get("name"), "tool name"),
        arguments=text_or_empty(arguments, "tool arguments"),
    )


def parse_logprobs(logprobs: object) -> tuple[float, ...] | None:
    """One figure for each token; `None` when there are none, or one is missing and the rest would mislead."""
    tokens = logprobs.get("content") if type(logprobs) is dict else None
    if type(tokens) is not list or not tokens:
        return None
    figures = [token.get("logprob") if type(token) is dict else None for token in tokens]
    if not all(type(figure) in {float, int} for figure in figures):
        return None
    return tuple(float(cast("float", figure)) for figure in figures)


def render_response(
    response: Response, *, model: str, created: int, response_id: str, shows_logprobs: bool = True
) -> bytes:
    """The answer for a caller, `model` being the one that really served.

    A host's body of the same dialect is passed on with all it holds; else one is built. Without `shows_logprobs` the
    log-probabilities that only the gateway asked for are left out.
    """
    body = response.body
    if body is not None and body.get("object") == "chat.completion":
        try:
            return orjson.dumps(_passed_on(response, body, model, created, response_id, shows_logprobs))
        except TypeError:
            # A host may nest deeper than can be written again; its words are still known.
            pass
    return orjson.dumps(_built(response, model, created, response_id, shows_logprobs))


def _passed_on(
    response: Response,
    body: Mapping[str, object],
    model: str,
    created: int,
    response_id: str,
    shows_logprobs: bool,
) -> dict[str, object]:
    answer = {**body, "model": model}
    answer.setdefault("id", response_id)
    answer.setdefault("created", created)
    choices = cast("list[dict[str, object]]", body["choices"])
    if not shows_logprobs:
        choices = [{**choice, "logprobs": None} for choice in choices]
    if any(choice.citations for choice in response.choices):
        choices = [_cited(wire, choice) for wire, choice in zip(choices, response.choices, strict=True)]
    answer["choices"] = choices
    return answer


def _cited(wire: dict[str, object], choice: Choice) -> dict[str, object]:
    message = cast("dict[str, object]", wire["message"])
    return {**wire, "message": {**message, "annotations": url_citations(choice.citations)}}


def _built(response: Response, model: str, created: int, response_id: str, shows_logprobs: bool) -> dict[str, object]:
    answer: dict[str, object] = {
        "id": response_id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [
            {
                "index": index,
                "message": _render_message(choice),
                "logprobs": render_logprobs(choice.logprobs) if shows_logprobs else None,
                "finish_reason": render_finish(choice.finish_reason),
            }
            for index, choice in enumerate(response.choices)
        ],
    }
    if response.usage is not None:
        answer["usage"] = render_usage(response.usage)
    return answer


def render_finish(reason: FinishReason) -> str:
    """The word for it. Clients know no `unknown`; an answer whose end is not known may be cut, so `length`."""
    return "length" if reason is FinishReason.UNKNOWN else reason.value


def _render_message(choice: Choice) -> dict[str, object]:
    has_only_calls = bool(choice.tool_calls) and not choice.text
    message: dict[str, object] = {
        "role": "assistant",
        "content": None if has_only_calls or choice.refusal else choice.text,
        "refusal": choice.refusal,
    }
    if choice.thoughts:
        message["reasoning_content"] = "\n\n".join(thought.text for thought in choice.thoughts if thought.text)
    if choice.citations:
        message["annotations"] = url_citations(choice.citations)
    if choice.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in choice.tool_calls
        ]
    return message


def render_logprobs(logprobs: tuple[float, ...] | None) -> dict[str, object] | None:
    """The figures in place; the tokens' texts are not kept, so they are empty."""
    if logprobs is None:
        return None
    content: list[dict[str, object]] = [
        {"token": "", "logprob": figure, "bytes": None, "top_logprobs": []} for figure in logprobs
    ]
    return {"content": content, "refusal": None}
