"""The native call, `POST /v1/tasks/{task}/runs`: a task, its input, and nothing that is not understood."""

import re
from datetime import date
from difflib import get_close_matches

import orjson

from weighbridge.dialects.fields import (
    Fields,
    invalid,
    need_text,
    one_of,
    read_flag,
    read_int,
    read_labels,
    read_list,
    read_object,
    read_user,
)
from weighbridge.dialects.json_text import parse_object
from weighbridge.dialects.openai_chat.messages import parse_messages
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError
from weighbridge.domain.levels import Risk
from weighbridge.domain.material import Authority, Source
from weighbridge.domain.request import TEXT_OUTPUT, Message, OutputFormat, Request, Role, say

KEYS = ("input", "messages", "risk", "metadata", "max_output_tokens", "output", "sources", "user")
SOURCE_KEYS = ("id", "text", "deprecated", "authority", "updated", "topic", "supersedes")
MOST_SOURCES = 200
_SOURCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}")
AUTHORITIES = tuple(level.value for level in Authority)
RISKS = tuple(risk.value for risk in Risk)


def parse_run(body: bytes, task: str) -> Request:
    """A run of `task`. Raises MalformedBodyError, InvalidFieldError (unknown keys too) or EmptyInputError."""
    fields = parse_object(body)
    for key in fields:
        if key not in KEYS:
            raise _unknown_key(key)
    risk = fields.get("risk")
    return Request(
        messages=_messages(fields),
        model=f"task/{task}",
        dialect="native",
        task=task,
        risk=None if risk is None else parse_risk(risk, "risk"),
        max_output_tokens=read_int(fields, "max_output_tokens", least=1),
        output=_output(fields),
        sources=_sources(fields),
        user=read_user(fields),
        metadata=read_labels(fields, "metadata"),
    )


def parse_risk(value: object, param: str) -> Risk:
    """A stated risk. Raises InvalidFieldError listing the levels: a misspelt risk must not pass for a low one."""
    return Risk(one_of(value, RISKS, param))


def _unknown_key(key: str) -> InvalidFieldError:
    near = get_close_matches(key[:40], KEYS, n=1, cutoff=0.5)
    hint = f"Did you mean `{near[0]}`?" if near else f"The keys are {', '.join(KEYS)}."
    return InvalidFieldError(f"There is no field {key[:40]!r}.", advice=hint, param=key[:40])


def _messages(fields: Fields) -> tuple[Message, ...]:
    text, items = fields.get("input"), read_list(fields, "messages")
    if text is not None and items is not None:
        raise InvalidFieldError(
            "`input` and `messages` are both there.", advice="Send one of the two.", param="messages"
        )
    if items is not None:
        return parse_messages(items)
    if type(text) is not str:
        raise invalid("input", "text", text, advice="Send the task's input as text in `input`.")
    if not text.strip():
        raise EmptyInputError("`input` holds nothing but space.", advice="Send the task's input.", param="input")
    return (say(Role.USER, text),)


def _sources(fields: Fields) -> tuple[Source, ...]:
    items = read_list(fields, "sources") or []
    if len(items) > MOST_SOURCES:
        raise InvalidFieldError(
            f"`sources` holds {len(items)} documents; at most {MOST_SOURCES} are read.",
            advice="Send those that matter.",
            param="sources",
        )
    sources = tuple(_source(item, f"sources[{number}]") for number, item in enumerate(items))
    if len({source.id for source in sources}) < len(sources):
        raise InvalidFieldError("Two sources have one id.", advice="Give each its own.", param="sources")
    return sources


def _source(item: object, path: str) -> Source:
    if not isinstance(item, dict):
        raise invalid(path, "an object with `id` and `text`", item)
    for key in item:
        if key not in SOURCE_KEYS:
            raise InvalidFieldError(
                f"A source has no {key[:40]!r}.", advice=f"Use {', '.join(SOURCE_KEYS)}.", param=f"{path}.{key[:40]}"
            )
    number = need_text(item, "id", path)
    if not _SOURCE_ID.fullmatch(number):
        raise invalid(f"{path}.id", "letters, digits and `_.:/-`, at most 100", number)
    authority = item.get("authority")
    names = read_list(item, "supersedes", path) or []
    return Source(
        number,
        need_text(item, "text", path),
        is_deprecated=read_flag(item, "deprecated", path) or False,
        authority=Authority.SUPPORTING
        if authority is None
        else Authority(one_of(authority, AUTHORITIES, f"{path}.authority")),
        updated=_day(item.get("updated"), f"{path}.updated"),
        topic=None if item.get("topic") is None else need_text(item, "topic", path),
        supersedes=tuple(need_text({"id": name}, "id", f"{path}.supersedes") for name in names),
    )


def _day(value: object, param: str) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise invalid(param, "a day such as 2026-03-12", value) from None


def _output(fields: Fields) -> OutputFormat:
    wanted = read_object(fields, "output")
    if wanted is None:
        return TEXT_OUTPUT
    kind = one_of(wanted.get("type"), ("text", "json_object", "json_schema"), "output.type")
    if kind != "json_schema":
        return OutputFormat(kind)
    schema = wanted.get("schema")
    if type(schema) is not dict:
        raise invalid("output.schema", "a JSON Schema object", schema)
    return OutputFormat(kind, orjson.dumps(schema).decode())
