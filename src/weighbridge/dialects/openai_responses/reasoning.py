"""Reasoning items, both ways: https://platform.openai.com/docs/guides/reasoning.

A host shows a summary, in parts, or the thoughts themselves; what is sealed in `encrypted_content` passes only with a
body of the same dialect.
"""

from collections.abc import Iterator, Mapping

from weighbridge.dialects.openai_chat.response import text_or_empty
from weighbridge.domain.request import Thought

BETWEEN = "\n\n"
"""Stands between the parts of a summary."""
Event = tuple[str, dict[str, object]]


def parse_thought(item: Mapping[str, object]) -> Thought | None:
    """What an item lets be seen; `None` for one that shows nothing. Raises ProviderMalformedError."""
    for key in ("summary", "content"):
        parts = item.get(key)
        rows = [part for part in parts if type(part) is dict] if type(parts) is list else []
        text = BETWEEN.join(text_or_empty(part.get("text"), "text") for part in rows)
        if text:
            return Thought(text)
    return None


def reasoning_item(response_id: str, text: str, status: str = "completed") -> dict[str, object]:
    """An item whose summary is what was thought."""
    number = response_id.removeprefix("rec_")
    summary = [_part(text)] if text else []
    return {"id": f"rs_{number}", "type": "reasoning", "status": status, "summary": summary}


def _part(text: str) -> dict[str, object]:
    return {"type": "summary_text", "text": text}


class ReasoningEvents:
    """The events of one such item, at place `at` of the output."""

    __slots__ = ("_is_open", "_response_id", "_texts", "at")

    def __init__(self, response_id: str, at: int) -> None:
        self._response_id, self.at = response_id, at
        self._texts: list[str] = []
        self._is_open = True

    @property
    def item(self) -> dict[str, object]:
        """As it stands."""
        status = "in_progress" if self._is_open else "completed"
        return reasoning_item(self._response_id, "".join(self._texts), status)

    def begin(self) -> Iterator[Event]:
        """It appears."""
        yield "response.output_item.added", {"output_index": self.at, "item": self.item}
        yield "response.reasoning_summary_part.added", self._place() | {"part": _part("")}

    def say(self, text: str) -> Iterator[Event]:
        """New text."""
        self._texts.append(text)
        yield "response.reasoning_summary_text.delta", self._place() | {"delta": text}

    def end(self) -> Iterator[Event]:
        """It is whole; nothing where that was told."""
        if not self._is_open:
            return
        self._is_open = False
        text = "".join(self._texts)
        yield "response.reasoning_summary_text.done", self._place() | {"text": text}
        yield "response.reasoning_summary_part.done", self._place() | {"part": _part(text)}
        yield "response.output_item.done", {"output_index": self.at, "item": self.item}

    def _place(self) -> dict[str, object]:
        item_id = reasoning_item(self._response_id, "")["id"]
        return {"item_id": item_id, "output_index": self.at, "summary_index": 0}
