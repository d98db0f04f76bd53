"""An OpenAI embeddings call, both ways: https://platform.openai.com/docs/api-reference/embeddings/create."""

import orjson

from weighbridge.dialects.fields import Fields, invalid, need_text, one_of, read_int, read_labels, read_text, read_user
from weighbridge.dialects.json_text import parse_object
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import EmbeddingWish, Message, Request, Role, say

DIALECT = "openai_embeddings"
MOST_TEXTS = 2_048
LARGEST_DIMENSIONS = 65_536


def parse_request(body: bytes) -> Request:
    """A call; each text becomes a message of its own.

    Raises MalformedBodyError, InvalidFieldError or EmptyInputError.
    """
    fields = parse_object(body)
    encoding = one_of(fields.get("encoding_format") or "float", ("float", "base64"), "encoding_format")
    dimensions = read_int(fields, "dimensions", least=1, most=LARGEST_DIMENSIONS)
    read_text(fields, "user")
    return Request(
        messages=_texts(fields),
        model=need_text(fields, "model"),
        dialect=DIALECT,
        user=read_user(fields),
        metadata=read_labels(fields, "metadata"),
        embedding=EmbeddingWish(dimensions, is_base64=encoding == "base64"),
        body=fields,
    )


def _texts(fields: Fields) -> tuple[Message, ...]:
    wanted = fields.get("input")
    items = [wanted] if type(wanted) is str else wanted
    if type(items) is not list:
        raise invalid("input", "text or a list of texts", wanted)
    if not items:
        raise EmptyInputError("`input` is empty.", advice="Send a text.", param="input")
    if len(items) > MOST_TEXTS:
        raise InvalidFieldError(
            f"`input` has more than {MOST_TEXTS:,} texts.", advice="Send fewer at once.", param="input"
        )
    if type(wanted) is str:
        return (_text(wanted, "input"),)
    return tuple(_text(item, f"input[{index}]") for index, item in enumerate(items))


def _text(item: object, param: str) -> Message:
    if type(item) in {int, list}:
        raise InvalidFieldError(
            f"`{param}` holds token numbers, in which nobody can look for what must not leave.",
            advice="Send the text.",
            param=param,
        )
    if type(item) is not str:
        raise invalid(param, "text", item)
    if not item.strip():
        raise EmptyInputError(f"`{param}` holds nothing but space.", advice="Send text there.", param=param)
    return say(Role.USER, item)


def render_request(request: Request, model: PortfolioModel) -> bytes:
    """The call on the wire, always for base64: a quarter of the bytes of numbers written out."""
    wish = request.embedding or EmbeddingWish()
    body: dict[str, object] = {
        "model": model.upstream_name,
        "input": [message.text for message in request.messages],
        "encoding_format": "base64",
    }
    if wish.dimensions is not None:
        body["dimensions"] = wish.dimensions
    return orjson.dumps(body)
