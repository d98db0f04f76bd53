"""A whole answer of Bedrock's Converse.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from collections.abc import Mapping

import orjson

from weighbridge.dialects.wire_object import WireObject, answer_in
from weighbridge.domain.errors import ProviderMalformedError
from weighbridge.domain.request import Thought, ToolCall
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.usage import Usage

_FINISH: Mapping[object, FinishReason] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "tool_use": FinishReason.TOOL_CALLS,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "guardrail_intervened": FinishReason.CONTENT_FILTER,
    "content_filtered": FinishReason.CONTENT_FILTER,
    "refusal": FinishReason.CONTENT_FILTER,
}
"""What is not listed, such as `malformed_tool_use`, leaves open whether the answer is whole."""


def malformed(what: str) -> ProviderMalformedError:
    """The error for an answer that breaks the dialect; `what` is ours, never the provider's words."""
    return ProviderMalformedError(
        f"The provider's answer {what}.", advice="Check that the host is Bedrock's Converse.", may_have_cost=True
    )


def parse_response(body: bytes) -> Response:
    """A host's answer, which does not say which model gave it. Raises ProviderMalformedError."""
    answer = answer_in(body, malformed)
    blocks = _blocks(answer)
    choice = Choice(
        text="".join(text_in(block, "text") for block in blocks),
        tool_calls=tuple(_call(block["toolUse"]) for block in blocks if block.get("toolUse")),
        finish_reason=parse_finish(answer.get("stopReason")) or FinishReason.UNKNOWN,
        thoughts=tuple(_thought(block["reasoningContent"]) for block in blocks if block.get("reasoningContent")),
    )
    return Response("", (choice,), parse_usage(answer.get("usage")))


def _blocks(answer: WireObject) -> list[WireObject]:
    output = answer.get("output")
    message = output.get("message") if type(output) is dict else None
    blocks = message.get("content") if type(message) is dict else None
    if type(blocks) is not list or not all(type(block) is dict for block in blocks):
        raise malformed("holds no list of content")
    return blocks


def _thought(value: object) -> Thought:
    fields: WireObject = value if type(value) is dict else {}
    said = fields.get("reasoningText")
    shown: WireObject = said if type(said) is dict else {}
    return Thought(text_in(shown, "text"), text_in(shown, "signature"), text_in(fields, "redactedContent"))


def _call(value: object) -> ToolCall:
    fields: WireObject = value if type(value) is dict else {}
    arguments = fields.get("input") or {}
    if type(arguments) is not dict:
        raise malformed("holds a tool call whose input is not an object")
    try:
        text = orjson.dumps(arguments).decode()
    except TypeError:
        raise malformed("holds a tool call that is nested too deep") from None
    return ToolCall(text_in(fields, "toolUseId"), text_in(fields, "name"), text)


def parse_finish(value: object) -> FinishReason | None:
    """Why it ended; `None` where it does not say."""
    if value is None:
        return None
    return _FINISH.get(value, FinishReason.UNKNOWN) if type(value) is str else FinishReason.UNKNOWN


def parse_usage(value: object) -> Usage | None:
    """Usage in parts that do not overlap: `inputTokens` leave out what was read from or written to the cache.
    https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html"""
    if (
        type(value) is not dict
        or type(value.get("inputTokens")) is not int
        or type(value.get("outputTokens")) is not int
    ):
        return None
    written = _count(value, "cacheWriteInputTokens")
    details = value.get("cacheDetails")
    by_time = [item for item in details if type(item) is dict] if type(details) is list else []
    for_an_hour = sum(_count(item, "inputTokens") for item in by_time if item.get("ttl") == "1h")
    return Usage(
        input_tokens=_count(value, "inputTokens"),
        output_tokens=_count(value, "outputTokens"),
        cache_read_tokens=_count(value, "cacheReadInputTokens"),
        cache_write_tokens=written,
        cache_write_1h_tokens=min(for_an_hour, written),
    )


def _count(fields: Mapping[str, object], key: str) -> int:
    value = fields.get(key)
    return value if type(value) is int and value >= 0 else 0


def text_in(fields: Mapping[str, object], key: str) -> str:
    """Text, with null and absent as empty."""
    value = fields.get(key)
    if value is None or type(value) is str:
        return value or ""
    raise malformed(f"holds a {key} that is not text")
