"""Vectors, both ways. In between they are base64 of 32-bit floats, little end first, as OpenAI sends them."""

import base64
import binascii

import orjson

from weighbridge.dialects.openai_chat.errors import error_in_answer
from weighbridge.dialects.openai_chat.response import malformed, text_or_empty
from weighbridge.dialects.wire_object import answer_in
from weighbridge.domain import vectors
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.usage import Usage

BYTES = 4


def parse_response(body: bytes) -> Response:
    """A host's answer, its vectors in the order of the texts. Hosts that send numbers whatever was asked for are read,
    too. Raises ProviderMalformedError or ProviderError."""
    answer = answer_in(body, malformed)
    if answer.get("error"):
        raise error_in_answer(answer["error"])
    rows = answer.get("data")
    if type(rows) is not list or not all(type(row) is dict for row in rows):
        raise malformed("holds no list of vectors")
    found = {row.get("index", at): _packed(row.get("embedding")) for at, row in enumerate(rows)}
    if set(found) != set(range(len(rows))):
        raise malformed("holds vectors whose places are not clear")
    ordered = tuple(found[at] for at in range(len(rows)))
    if len({len(vector) for vector in ordered}) > 1:
        raise malformed("holds vectors of different lengths")
    model = text_or_empty(answer.get("model"), "model")
    return Response(model, (Choice(""),), _usage(answer.get("usage")), vectors=ordered)


def _packed(value: object) -> str:
    if type(value) is str:
        try:
            size = len(base64.b64decode(value, validate=True))
        except binascii.Error:
            raise malformed("holds a vector that is not base64") from None
        if not size or size % BYTES:
            raise malformed("holds a vector that is not of 32-bit numbers")
        return value
    if type(value) is not list or not value or not all(type(number) in {int, float} for number in value):
        raise malformed("holds a vector that is not a list of numbers")
    return pack(value)


def pack(numbers: list[float]) -> str:
    """Numbers as they are in a `Response`."""
    return base64.b64encode(vectors.pack(numbers)).decode()


def unpack(vector: str) -> list[float]:
    """Back again."""
    return vectors.unpack(base64.b64decode(vector))


def _usage(value: object) -> Usage | None:
    count = value.get("prompt_tokens") if type(value) is dict else None
    return Usage(count, 0) if type(count) is int and count >= 0 else None


def render_response(response: Response, *, model: str, is_base64: bool) -> bytes:
    """The answer for a caller, in the encoding that was asked for."""
    rows = [
        {"object": "embedding", "index": at, "embedding": vector if is_base64 else unpack(vector)}
        for at, vector in enumerate(response.vectors or ())
    ]
    body: dict[str, object] = {"object": "list", "data": rows, "model": model}
    usage = response.usage
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage.prompt_tokens, "total_tokens": usage.prompt_tokens}
    return orjson.dumps(body)
