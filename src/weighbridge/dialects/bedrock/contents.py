"""A conversation as Bedrock's Converse has it.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

from weighbridge.dialects.carried import inline_content, inline_url, nobody_called, object_arguments
from weighbridge.dialects.foreign import no_place
from weighbridge.domain.request import (
    Attachment,
    Audio,
    File,
    Image,
    Message,
    Part,
    Role,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)

FORM = "Bedrock's Converse format"
Wire = dict[str, object]
_INSTRUCTIONS = frozenset({Role.SYSTEM, Role.DEVELOPER})
_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_AUDIO_FORMATS = {"audio/wav": "wav", "audio/mpeg": "mp3"}
_FILE_FORMATS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_NO_NAME = re.compile(r"[^a-zA-Z0-9\-()\[\]]+")
_TAKEN_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")


def render_system(messages: Iterable[Message]) -> list[Wire] | None:
    """System and developer text together; its place among the turns is lost, as the format has one place for it."""
    texts = [message.text for message in messages if message.role in _INSTRUCTIONS and message.text.strip()]
    return [{"text": text} for text in texts] or None


def render_turns(messages: Sequence[Message]) -> list[Wire]:
    """The turns; what one side says in a row is one turn, and so are the results of one turn's calls. Raises
    InvalidFieldError for what has no place in one."""
    called = {part.id for message in messages for part in message.parts if isinstance(part, ToolCall)}
    turns: list[Wire] = []
    said: list[Wire] = []
    for message in messages:
        if message.role in _INSTRUCTIONS:
            continue
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        blocks = [wire for part in message.parts if (wire := _render(part, called)) is not None]
        if turns and turns[-1]["role"] == role:
            said.extend(blocks)
        elif blocks:
            said = blocks
            turns.append({"role": role, "content": said})
    return turns


def has_tool_traffic(messages: Iterable[Message]) -> bool:
    """Calls or results are among the turns, and Bedrock wants to be told of the tools."""
    return any(isinstance(part, ToolCall | ToolResult) for message in messages for part in message.parts)


def _render(part: Part, called: set[str]) -> Wire | None:
    match part:
        case Text():
            return {"text": part.text} if part.text and not part.text.isspace() else None
        case Image() | Audio() | File():
            return _attached(part)
        case Thought():
            return _thought(part)
        case ToolCall():
            call = {"toolUseId": _taken(part.id), "name": part.name, "input": object_arguments(part, FORM)}
            return {"toolUse": call}
        case ToolResult():
            if part.call_id not in called:
                raise nobody_called(part)
            content = [{"text": part.text}] if part.text else []
            return {"toolResult": {"toolUseId": _taken(part.call_id), "content": content}}


def _attached(part: Attachment) -> Wire:
    match part:
        case Image():
            return {"image": _picture(part.url)}
        case Audio():
            return {"audio": _recording(part.url)}
        case File():
            return {"document": _document(part)}


def _thought(thought: Thought) -> Wire | None:
    """One that nobody signed is that of another maker's model, and is refused there."""
    if thought.sealed:
        return {"reasoningContent": {"redactedContent": thought.sealed}}
    signed = {"text": thought.text, "signature": thought.signature}
    return {"reasoningContent": {"reasoningText": signed}} if thought.signature else None


def _picture(url: str) -> Wire:
    content = inline_content(url)
    if content is None:
        raise no_place("messages", "a picture by its address", FORM)
    media_type, encoded = content
    if media_type not in _FORMATS:
        raise no_place("messages", "a picture that is not PNG, JPEG, GIF or WebP", FORM)
    return {"format": _FORMATS[media_type], "source": {"bytes": encoded}}


def _recording(url: str) -> Wire:
    media_type, encoded = inline_content(url) or ("", "")
    if media_type not in _AUDIO_FORMATS:
        raise no_place("messages", f"a recording of the type {media_type}", FORM)
    return {"format": _AUDIO_FORMATS[media_type], "source": {"bytes": encoded}}


def _document(file: File) -> Wire:
    """Names may hold no more than letters, digits, single spaces, hyphens and brackets."""
    media_type, encoded = inline_content(inline_url(file, FORM)) or ("", "")
    if media_type not in _FILE_FORMATS:
        raise no_place("messages", f"a file of the type {media_type}", FORM)
    name = " ".join(_NO_NAME.sub(" ", file.name or "").split())
    return {"format": _FILE_FORMATS[media_type], "name": name or "document", "source": {"bytes": encoded}}


def _taken(call_id: str) -> str:
    """An id that Bedrock takes: its own come back as they are, those of other hosts may be longer."""
    if _TAKEN_ID.fullmatch(call_id):
        return call_id
    return f"call_{hashlib.sha256(call_id.encode(errors='replace')).hexdigest()[:32]}"
