"""A whole answer, both ways: read strictly from a host, written for a caller."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import orjson

from weighbridge.dialects.citations import file_citations
from weighbridge.dialects.openai_chat.errors import error_in_answer
from weighbridge.dialects.openai_chat.response import parse_logprobs, render_logprobs, text_or_empty
from weighbridge.dialects.openai_responses.reasoning import BETWEEN, parse_thought, reasoning_item
from weighbridge.dialects.openai_responses.usage import parse_usage, render_usage
from weighbridge.dialects.wire_object import answer_in
from weighbridge.domain.citation import Citation
from weighbridge.domain.errors import ProviderMalformedError
from weighbridge.domain.request import ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.usage import Usage

_REASONS: Mapping[object, FinishReason] = {
    "max_output_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
}
CALLS = ("function_call", "custom_tool_call")


def malformed(what: str) -> ProviderMalformedError:
    """The error for an answer that breaks the dialect; `what` is ours, never the provider's words."""
    return ProviderMalformedError(
        f"The provider's answer {what}.", advice="Check that the host speaks OpenAI Responses.", may_have_cost=True
    )


def parse_response(body: bytes) -> Response:
    """A host's answer. Raises ProviderMalformedError when it is not one, ProviderError when it holds an error."""
    answer = answer_in(body, malformed)
    return parse_answer(answer)


def parse_answer(answer: Mapping[str, object]) -> Response:
    """The same, once it is an object."""
    if answer.get("error") or answer.get("status") == "failed":
        raise error_in_answer(answer.get("error"))
    output = answer.get("output")
    if type(output) is not list:
        raise malformed("holds no output")
    return Response(
        model=text_or_empty(answer.get("model"), "model"),
        choices=(_choice(answer, output),),
        usage=parse_usage(answer.get("usage")),
        provider_id=text_or_empty(answer.get("id"), "id") or None,
        body=answer,
    )


def finish_of(answer: Mapping[str, object], has_calls: bool) -> FinishReason:
    """Why it ended. What is neither complete nor says why it is not counts as cut."""
    if answer.get("status") == "completed":
        return FinishReason.TOOL_CALLS if has_calls else FinishReason.STOP
    details = answer.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return _REASONS.get(reason, FinishReason.UNKNOWN) if isinstance(reason, str) else FinishReason.UNKNOWN


def _choice(answer: Mapping[str, object], output: list[object]) -> Choice:
    items = [item for item in output if type(item) is dict]
    if len(items) < len(output):
        raise malformed("holds an item that is not an object")
    calls = tuple(parse_call(item) for item in items if item.get("type") in CALLS)
    parts = [part for item in items for part in _parts(item)]
    texts = [part for part in parts if part.get("type") == "output_text"]
    refusals = [text_or_empty(part.get("refusal"), "refusal") for part in parts if part.get("type") == "refusal"]
    logprobs = [parse_logprobs({"content": part.get("logprobs")}) for part in texts]
    thoughts = [parse_thought(item) for item in items if item.get("type") == "reasoning"]
    return Choice(
        text="".join(text_or_empty(part.get("text"), "text") for part in texts),
        refusal="".join(refusals) or None,
        tool_calls=calls,
        logprobs=logprobs[0] if len(logprobs) == 1 else None,
        finish_reason=finish_of(answer, bool(calls)),
        thoughts=tuple(thought for thought in thoughts if thought is not None),
    )


def _parts(item: Mapping[str, object]) -> Iterator[dict[str, object]]:
    content = item.get("content")
    if item.get("type") == "message" and type(content) is list:
        yield from (part for part in content if type(part) is dict)


def parse_call(item: Mapping[str, object]) -> ToolCall:
    """A call, whole or as it begins."""
    arguments = item.get("arguments", item.get("input"))
    return ToolCall(
        id=text_or_empty(item.get("call_id"), "call id"),
        name=text_or_empty(item.get("name"), "tool name"),
        arguments=text_or_empty(arguments, "tool arguments"),
    )


def render_response(
    response: Response, *, model: str, created: int, response_id: str, shows_logprobs: bool = True
) -> bytes:
    """The answer for a caller, `model` being the one that really served. A host's body of the same dialect is passed on
    with all it holds; else one is built."""
    body, choice = response.body, response.choices[0]
    if body is not None and body.get("object") == "response":
        shown = body if shows_logprobs else _without_logprobs(body)
        cited = _with_annotations(shown, choice) if choice.citations else shown
        return orjson.dumps({**cited, "model": model})
    items = [*render_choice(choice, response_id, shows_logprobs=shows_logprobs)]
    return orjson.dumps(envelope(response_id, model, created, items, choice.finish_reason, response.usage))


def _without_logprobs(body: Mapping[str, object]) -> dict[str, object]:
    """Log-probabilities that only the gateway asked for are not the caller's."""
    output = body["output"]
    items = [_bare(item) for item in output] if isinstance(output, list) else output
    return {**body, "output": items}


def _with_annotations(body: Mapping[str, object], choice: Choice) -> dict[str, object]:
    """Our citations at the one part whose text the places count in; none where a host cut the text into several."""
    output = cast("list[dict[str, object]]", body["output"])
    annotations = file_citations(choice.citations)
    return {**body, "output": [_annotated(item, choice.text, annotations) for item in output]}


def _annotated(item: dict[str, object], text: str, annotations: list[dict[str, object]]) -> dict[str, object]:
    parts = [part | {"annotations": annotations} if part.get("text") == text else part for part in _parts(item)]
    return item | {"content": parts} if parts else item


def _bare(item: dict[str, object]) -> dict[str, object]:
    parts = [part if part.get("logprobs") is None else part | {"logprobs": []} for part in _parts(item)]
    return item | {"content": parts} if parts else item


def render_choice(choice: Choice, response_id: str, *, shows_logprobs: bool = True) -> Iterator[dict[str, object]]:
    """Its items: what was thought, what is said, then each call."""
    thought = BETWEEN.join(thought.text for thought in choice.thoughts if thought.text)
    if thought:
        yield reasoning_item(response_id, thought)
    if choice.text or choice.refusal or not choice.tool_calls:
        logprobs = render_logprobs(choice.logprobs) if shows_logprobs else None
        tokens = (logprobs or {}).get("content") or []
        yield message_item(response_id, text_parts(choice.text, choice.refusal, tokens, choice.citations))
    for index, call in enumerate(choice.tool_calls):
        yield call_item(response_id, index, call)


def text_parts(
    text: str, refusal: str | None, logprobs: object, citations: Sequence[Citation] = ()
) -> list[dict[str, object]]:
    """The parts of a message."""
    parts: list[dict[str, object]] = []
    if text or not refusal:
        annotations = file_citations(citations)
        parts.append({"type": "output_text", "text": text, "annotations": annotations, "logprobs": logprobs})
    if refusal:
        parts.append({"type": "refusal", "refusal": refusal})
    return parts


def message_item(response_id: str, parts: list[dict[str, object]], status: str = "completed") -> dict[str, object]:
    """A message of the assistant."""
    number = response_id.removeprefix("rec_")
    return {"id": f"msg_{number}", "type": "message", "role": "assistant", "status": status, "content": parts}


def call_item(response_id: str, index: int, call: ToolCall, status: str = "completed") -> dict[str, object]:
    """A call of a function."""
    number = response_id.removeprefix("rec_")
    names = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
    return {"id": f"fc_{number}_{index}", "type": "function_call", "status": status, **names}


def envelope(
    response_id: str,
    model: str,
    created: int,
    items: list[dict[str, object]],
    finish: FinishReason | None,
    usage: Usage | None,
) -> dict[str, object]:
    """A response around its items; without `finish` it is still in progress."""
    reason = {FinishReason.CONTENT_FILTER: "content_filter"}.get(finish or FinishReason.STOP, "max_output_tokens")
    is_whole = finish in {FinishReason.STOP, FinishReason.TOOL_CALLS}
    status = "in_progress" if finish is None else "completed" if is_whole else "incomplete"
    return {
        "id": response_id,
        "object": "response",
        "created_at": created,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "model": model,
        "output": items,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "store": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": render_usage(usage),
    }
