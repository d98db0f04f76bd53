"""Content blocks, both ways: https://platform.claude.com/docs/en/api/messages."""

from collections.abc import Callable, Mapping

import orjson

from weighbridge.dialects.attachments import inline, inline_file, require_https
from weighbridge.dialects.carried import inline_content, object_arguments
from weighbridge.dialects.fields import (
    Fields,
    as_object,
    invalid,
    join,
    need_object,
    need_text,
    one_of,
    read_flag,
    read_text,
)
from weighbridge.dialects.foreign import no_place
from weighbridge.domain.errors import EmptyInputError
from weighbridge.domain.request import Attachment, Audio, File, Image, Part, Role, Text, Thought, ToolCall, ToolResult

FORM = "Anthropic's format"
_FILE_TYPES = ("application/pdf",)
Block = dict[str, object]
_ReadBlock = Callable[[Fields, str], tuple[Part, ...]]


def parse_blocks(content: list[object], role: Role, path: str) -> tuple[Part, ...]:
    """The parts of a turn."""
    readers = _READERS[role]
    parts: list[Part] = []
    for index, item in enumerate(content):
        at = f"{path}[{index}]"
        fields = as_object(item, at)
        kind = one_of(fields.get("type"), tuple(readers), join(at, "type"))
        parts.extend(readers[kind](fields, at))
    return tuple(parts)


def nothing_in(param: str) -> EmptyInputError:
    """The error for text that is empty or blank, which Anthropic's hosts refuse."""
    return EmptyInputError(
        f"`{param}` holds nothing but space.", advice="Send text there, or leave the block out.", param=param
    )


def _text(fields: Fields, path: str) -> tuple[Part, ...]:
    text = read_text(fields, "text", path)
    if text is None:
        raise invalid(join(path, "text"), "text", None)
    if not text or text.isspace():
        raise nothing_in(path)
    return (Text(text),)


def _image(fields: Fields, path: str) -> tuple[Part, ...]:
    source, at = need_object(fields, "source", path), join(path, "source")
    if one_of(source.get("type"), ("base64", "url"), join(at, "type")) == "base64":
        media_type, encoded = need_text(source, "media_type", at), need_text(source, "data", at)
        return (Image(inline(media_type, encoded, join(at, "data"), "picture")),)
    return (Image(require_https(need_text(source, "url", at), join(at, "url"), "the picture itself as base64")),)


def _document(fields: Fields, path: str) -> tuple[Part, ...]:
    """A file; one that is plain text, or made of blocks, is read like any other text."""
    source, at = need_object(fields, "source", path), join(path, "source")
    title = read_text(fields, "title", path)
    kind = one_of(source.get("type"), ("base64", "url", "text", "content", "file"), join(at, "type"))
    if kind == "base64":
        media_type, encoded = need_text(source, "media_type", at), need_text(source, "data", at)
        return (inline_file(inline(media_type, encoded, join(at, "data")), title, join(at, "data")),)
    if kind == "url":
        return (File(require_https(need_text(source, "url", at), join(at, "url"), "the file itself as base64"), title),)
    if kind == "file":
        return (File(None, title, need_text(source, "file_id", at)),)
    named = (Text(title),) if title else ()
    content = source.get("data" if kind == "text" else "content")
    if type(content) is str:
        return (*named, Text(content))
    if kind == "text" or type(content) is not list:
        raise invalid(join(at, "data" if kind == "text" else "content"), "text", content)
    return (*named, *parse_blocks(content, Role.TOOL, join(at, "content")))


def _search_result(fields: Fields, path: str) -> tuple[Part, ...]:
    """A passage that the caller found; read like any other text."""
    named = (need_text(fields, "title", path), need_text(fields, "source", path))
    content = fields.get("content")
    if type(content) is not list:
        raise invalid(join(path, "content"), "a list of text blocks", content)
    return (*map(Text, named), *parse_blocks(content, Role.SYSTEM, join(path, "content")))


def _tool_use(fields: Fields, path: str) -> tuple[Part, ...]:
    arguments = orjson.dumps(need_object(fields, "input", path)).decode()
    return (ToolCall(need_text(fields, "id", path), need_text(fields, "name", path), arguments),)


def _tool_result(fields: Fields, path: str) -> tuple[Part, ...]:
    """The result, then what is attached to it: the gateway's own results are text."""
    call_id, content = need_text(fields, "tool_use_id", path), fields.get("content")
    read_flag(fields, "is_error", path)
    if content is None or type(content) is str:
        return (ToolResult(call_id, content or ""),)
    if type(content) is not list:
        raise invalid(join(path, "content"), "text or a list of blocks", content)
    parts = parse_blocks(content, Role.TOOL, join(path, "content"))
    text = "\n".join([part.text for part in parts if isinstance(part, Text)])
    return (ToolResult(call_id, text), *(part for part in parts if isinstance(part, Attachment)))


def _thinking(fields: Fields, path: str) -> tuple[Part, ...]:
    text, signature = read_text(fields, "thinking", path), read_text(fields, "signature", path)
    return (Thought(text or "", signature or ""),)


def _redacted_thinking(fields: Fields, path: str) -> tuple[Part, ...]:
    return (Thought("", sealed=read_text(fields, "data", path) or ""),)


_READERS: Mapping[Role, Mapping[str, _ReadBlock]] = {
    Role.SYSTEM: {"text": _text},
    Role.USER: {
        "text": _text,
        "image": _image,
        "document": _document,
        "search_result": _search_result,
        "tool_result": _tool_result,
    },
    Role.ASSISTANT: {
        "text": _text,
        "tool_use": _tool_use,
        "thinking": _thinking,
        "redacted_thinking": _redacted_thinking,
    },
    Role.TOOL: {"text": _text, "image": _image, "document": _document, "search_result": _search_result},
}


def render_block(part: Part) -> Block | None:
    """A part on the wire; `None` for blank text, and for a thought that nobody signed, which Anthropic's hosts refuse.
    Raises InvalidFieldError for what has no place in a block."""
    if isinstance(part, Text):
        return None if not part.text or part.text.isspace() else {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "image", "source": _source(part.url)}
    if isinstance(part, File):
        document: Block = {"type": "document", "source": _file_source(part)}
        return document | ({"title": part.name} if part.name else {})
    if isinstance(part, Audio):
        raise no_place("messages", "a recording", FORM)
    if isinstance(part, Thought):
        return None if not (part.signature or part.sealed) else render_thought(part)
    if isinstance(part, ToolCall):
        return render_call(part, object_arguments(part, "Anthropic's format"))
    block: Block = {"type": "tool_result", "tool_use_id": part.call_id}
    return block | {"content": part.text} if part.text else block


def _file_source(file: File) -> Block:
    if file.url is None:
        raise no_place("messages", "a file that another host keeps", FORM)
    media_type, encoded = inline_content(file.url) or ("", "")
    if not encoded:
        return {"type": "url", "url": file.url}
    if media_type in _FILE_TYPES:
        return {"type": "base64", "media_type": media_type, "data": encoded}
    raise no_place("messages", f"a file of the type {media_type}", FORM)


def _source(url: str) -> Block:
    content = inline_content(url)
    if content is None:
        return {"type": "url", "url": url}
    media_type, encoded = content
    return {"type": "base64", "media_type": media_type, "data": encoded}


def render_thought(thought: Thought) -> Block:
    """What was thought."""
    if thought.sealed:
        return {"type": "redacted_thinking", "data": thought.sealed}
    return {"type": "thinking", "thinking": thought.text, "signature": thought.signature}


def render_call(call: ToolCall, arguments: object) -> Block:
    """A call of a tool, its arguments being an object."""
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}
