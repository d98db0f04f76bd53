"""The JSON object that a host's answer, or one event of its stream, must be: read the same in every dialect."""

from collections.abc import Callable, Mapping
from typing import cast

import orjson

from weighbridge.domain.errors import ProviderMalformedError

WireObject = dict[str, object]
Malformed = Callable[[str], ProviderMalformedError]
"""A dialect's error for an answer that breaks it, from what is wrong in our words."""


def answer_in(body: bytes, malformed: Malformed) -> WireObject:
    """A whole answer. Raises what `malformed` makes."""
    return _object(body, malformed, "is")


def event_in(chunk: bytes, malformed: Malformed) -> WireObject:
    """One event. Raises what `malformed` makes."""
    return _object(chunk, malformed, "holds an event that is")


def object_in(event: Mapping[str, object], key: str, malformed: Malformed) -> WireObject:
    """An object that an event must hold. Raises what `malformed` makes."""
    value = event.get(key)
    if type(value) is not dict:
        raise malformed(f"holds an event without its {key.replace('_', ' ')}")
    return value


def _object(body: bytes, malformed: Malformed, how: str) -> WireObject:
    try:
        value = orjson.loads(body)
    except ValueError:
        raise malformed(f"{how} not JSON") from None
    if type(value) is not dict:
        raise malformed(f"{how} not a JSON object")
    return cast("WireObject", value)
