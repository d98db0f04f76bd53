"""An answer of Gemini's, whole or one chunk of a stream: both have the same shape."""

from collections.abc import Mapping, Sequence
from typing import cast

import orjson

from weighbridge.dialects.gemini.errors import error_in_answer
from weighbridge.dialects.gemini.signatures import with_signature
from weighbridge.dialects.wire_object import answer_in
from weighbridge.domain.errors import ContentPolicyError, ProviderMalformedError
from weighbridge.domain.request import Thought, ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.usage import Usage

Fields = dict[str, object]
_FINISH: Mapping[object, FinishReason] = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"),
        FinishReason.CONTENT_FILTER,
    ),
}


def malformed(what: str) -> ProviderMalformedError:
    """The error for an answer that breaks the dialect; `what` is ours, never the provider's words."""
    return ProviderMalformedError(
        f"The provider's answer {what}.", advice="Check that the host speaks Gemini.", may_have_cost=True
    )


def read_answer(body: bytes) -> Fields:
    """The object. Raises ProviderMalformedError when it is none, ProviderError when it holds an error, and
    ContentPolicyError when the prompt was blocked."""
    answer = answer_in(body, malformed)
    if answer.get("error"):
        raise error_in_answer(answer["error"])
    feedback = answer.get("promptFeedback")
    if type(feedback) is dict and feedback.get("blockReason"):
        raise ContentPolicyError(
            "The provider's content filter refused the request.",
            advice="Change the request, or let another model serve it.",
            may_have_cost=True,
        )
    return answer


def parse_response(body: bytes) -> Response:
    """A host's answer."""
    answer = read_answer(body)
    candidates = candidates_of(answer)
    if not candidates:
        raise malformed("holds no candidate")
    number = text_in(answer, "responseId")
    return Response(
        model=text_in(answer, "modelVersion"),
        choices=tuple(_choice(candidate, number) for candidate in candidates),
        usage=parse_usage(answer.get("usageMetadata")),
        provider_id=number or None,
    )


def candidates_of(answer: Fields) -> list[Fields]:
    """Its alternatives, none in a chunk that only counts."""
    candidates = answer.get("candidates", [])
    if type(candidates) is not list or not all(type(item) is dict for item in candidates):
        raise malformed("holds candidates that are no list of objects")
    return cast("list[Fields]", candidates)


def _choice(candidate: Fields, number: str) -> Choice:
    parts = parts_of(candidate)
    calls = tuple(parse_call(part, number, at) for at, part in enumerate(calls_in(parts)))
    return Choice(
        text=said_in(parts),
        tool_calls=calls,
        finish_reason=parse_finish(candidate.get("finishReason"), has_calls=bool(calls)) or FinishReason.UNKNOWN,
        logprobs=parse_logprobs(candidate),
        thoughts=(Thought(thought),) if (thought := thought_in(parts)) else (),
    )


def parts_of(candidate: Fields) -> list[Fields]:
    """What it says; an answer that was filtered at once has no parts."""
    content = candidate.get("content") or {}
    parts = content.get("parts", []) if type(content) is dict else None
    if type(parts) is not list or not all(type(part) is dict for part in parts):
        raise malformed("holds content without parts")
    return cast("list[Fields]", parts)


def said_in(parts: Sequence[Fields]) -> str:
    """The text of the answer."""
    return "".join(text_in(part, "text") for part in parts if not part.get("thought"))


def thought_in(parts: Sequence[Fields]) -> str:
    """What the model thought, in its own summary."""
    return "".join(text_in(part, "text") for part in parts if part.get("thought"))


def calls_in(parts: Sequence[Fields]) -> list[Fields]:
    """The parts that are calls."""
    return [part for part in parts if part.get("functionCall")]


def parse_call(part: Fields, number: str, at: int) -> ToolCall:
    """A call, under the host's id or one made of the answer's number, with its signature in the id."""
    call = part["functionCall"]
    if type(call) is not dict:
        raise malformed("holds a function call that is not an object")
    own = text_in(call, "id") or f"call_{number}_{at}"
    arguments = call.get("args") or {}
    if type(arguments) is not dict:
        raise malformed("holds arguments that are not an object")
    call_id = with_signature(own, text_in(part, "thoughtSignature") or None)
    return ToolCall(call_id, text_in(call, "name"), orjson.dumps(arguments).decode())


def parse_finish(value: object, *, has_calls: bool) -> FinishReason | None:
    """Why it ended; `None` where it has not. A call that the host itself could not read is no stop."""
    if value is None:
        return None
    found = _FINISH.get(value, FinishReason.UNKNOWN) if isinstance(value, str) else FinishReason.UNKNOWN
    return FinishReason.TOOL_CALLS if has_calls and found is FinishReason.STOP else found


def parse_logprobs(candidate: Fields) -> tuple[float, ...] | None:
    """One figure for each token; `None` when there are none, or one is missing and the rest would mislead."""
    result = candidate.get("logprobsResult")
    chosen = result.get("chosenCandidates") if type(result) is dict else None
    if type(chosen) is not list or not chosen:
        return None
    figures = [item.get("logProbability") if type(item) is dict else None for item in chosen]
    if not all(type(figure) in {int, float} for figure in figures):
        return None
    return tuple(float(cast("float", figure)) for figure in figures)


def parse_usage(value: object) -> Usage | None:
    """Usage in parts that do not overlap. Cached tokens are inside `promptTokenCount`; thoughts are beside
    `candidatesTokenCount`, and so is what tools of the host read."""
    if type(value) is not dict or type(value.get("promptTokenCount")) is not int:
        return None
    counts = {name: count if type(count) is int and count >= 0 else 0 for name, count in value.items()}
    prompt = counts["promptTokenCount"] + counts.get("toolUsePromptTokenCount", 0)
    cached = min(counts.get("cachedContentTokenCount", 0), prompt)
    thoughts = counts.get("thoughtsTokenCount", 0)
    return Usage(
        input_tokens=prompt - cached,
        output_tokens=counts.get("candidatesTokenCount", 0) + thoughts,
        cache_read_tokens=cached,
        reasoning_tokens=thoughts,
    )


def text_in(fields: Fields, key: str) -> str:
    """Text, with null and absent as empty."""
    value = fields.get(key)
    if value is None or type(value) is str:
        return value or ""
    raise malformed(f"holds a {key} that is not text")
