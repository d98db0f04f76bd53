"""Answers in the bytes of the two dialects, whole and streamed, with what can go wrong in the middle."""

import json

from chaos.faults import LAST_CHUNK, USAGE_IN, USAGE_OUT, Json, Step, Then, chunk, head


def whole(dialect: str, text: str, fault: str) -> list[Step]:  # noqa: PLR0911 (a table)
    """An answer that is not streamed."""
    body = json.dumps(_openai(text, fault) if dialect == "openai_chat" else _anthropic(text, fault)).encode()
    half = len(body) // 2
    match fault:
        case "garbled":
            return [head("200 OK", 9), b"{not json"]
        case "cut_body" | "reset_within" | "no_end":
            return [head("200 OK", len(body)), body[:half], Then.RESET if fault == "reset_within" else Then.CLOSE]
        case "wrong_length":
            return [head("200 OK", len(body) + 50), body, Then.CLOSE]
        case "hang_within":
            return [head("200 OK", len(body)), body[:half], Then.HANG]
        case "slow_drip":
            return [head("200 OK", len(body)), body[:half], 0.03, body[half:]]
        case "error_within":
            told = {"error": {"message": "boom", "code": 500}} if dialect == "openai_chat" else _ANTHROPIC_ERROR
            content = json.dumps(told).encode()
            return [head("200 OK", len(content)), content]
    return [head("200 OK", len(body)), body]


def streamed(dialect: str, text: str, fault: str) -> list[Step]:  # noqa: PLR0911 (a table)
    """The same as events."""
    events = _openai_events(text, fault) if dialect == "openai_chat" else _anthropic_events(text, fault)
    steps: list[Step] = [head("200 OK", None, "text/event-stream")]
    middle = len(events) // 2
    match fault:
        case "garbled":
            return [*steps, chunk(b"data: {not json\n\n"), LAST_CHUNK]
        case "cut_body" | "wrong_length" | "reset_within":
            return [*steps, *map(chunk, events[:middle]), Then.RESET if fault == "reset_within" else Then.CLOSE]
        case "no_end":
            return [*steps, *map(chunk, events[:middle]), LAST_CHUNK]
        case "hang_within":
            return [*steps, *map(chunk, events[:middle]), Then.HANG]
        case "slow_drip":
            return [*steps, *map(chunk, events[:middle]), 0.03, *map(chunk, events[middle:]), LAST_CHUNK]
        case "error_within":
            told = {"error": {"message": "boom", "code": 500}} if dialect == "openai_chat" else _ANTHROPIC_ERROR
            name = b"" if dialect == "openai_chat" else b"event: error\n"
            broken = name + b"data: " + json.dumps(told).encode() + b"\n\n"
            return [*steps, *map(chunk, events[:middle]), chunk(broken), LAST_CHUNK]
    return [*steps, *map(chunk, events), LAST_CHUNK]


_ANTHROPIC_ERROR: Json = {"type": "error", "error": {"type": "overloaded_error", "message": "boom"}}


def _openai(text: str, fault: str) -> Json:
    message: Json = {"role": "assistant", "content": text}
    if fault == "refusal":
        message = {"role": "assistant", "content": None, "refusal": text}
    reason = "length" if fault == "cut_off" else "stop"
    usage = {"prompt_tokens": USAGE_IN, "completion_tokens": USAGE_OUT, "total_tokens": USAGE_IN + USAGE_OUT}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


def _anthropic(text: str, fault: str) -> Json:
    reason = {"cut_off": "max_tokens", "refusal": "refusal"}.get(fault, "end_turn")
    usage = {"input_tokens": USAGE_IN, "output_tokens": USAGE_OUT}
    content = [{"type": "text", "text": text}] if text else []
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }


def _openai_events(text: str, fault: str) -> list[bytes]:
    def event(delta: Json, reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}

    key = "refusal" if fault == "refusal" else "content"
    words = [event({key: piece}) for piece in _pieces(text)]
    usage = {"prompt_tokens": USAGE_IN, "completion_tokens": USAGE_OUT, "total_tokens": USAGE_IN + USAGE_OUT}
    end = event({}, "length" if fault == "cut_off" else "stop")
    last: Json = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [],
        "usage": usage,
    }
    events = [event({"role": "assistant", "content": ""}), *words, end, last]
    return [b"data: " + json.dumps(item).encode() + b"\n\n" for item in events] + [b"data: [DONE]\n\n"]


def _anthropic_events(text: str, fault: str) -> list[bytes]:
    reason = {"cut_off": "max_tokens", "refusal": "refusal"}.get(fault, "end_turn")
    start = _anthropic("", fault) | {"stop_reason": None, "usage": {"input_tokens": USAGE_IN, "output_tokens": 1}}
    events: list[Json] = [{"type": "message_start", "message": start}]
    if text:
        events.append({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
        events += [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
            for piece in _pieces(text)
        ]
        events.append({"type": "content_block_stop", "index": 0})
    delta = {"stop_reason": reason, "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": USAGE_OUT}})
    events.append({"type": "message_stop"})
    return [f"event: {item['type']}\ndata: {json.dumps(item)}\n\n".encode() for item in events]


def _pieces(text: str) -> list[str]:
    return [text[at : at + 6] for at in range(0, len(text), 6)]
