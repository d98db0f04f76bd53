"""The answer to a rerank call: a score for each document, in any order, with its place in the request."""

import math

from weighbridge.dialects.openai_chat.errors import error_in_answer
from weighbridge.dialects.openai_chat.response import malformed, text_or_empty
from weighbridge.dialects.wire_object import answer_in
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.usage import Usage


def parse_response(body: bytes) -> Response:
    """A host's answer, its scores in the order of the documents. A host that bills by searches tells no tokens: then
    usage is unknown. Raises ProviderMalformedError or ProviderError."""
    answer = answer_in(body, malformed)
    if answer.get("error"):
        raise error_in_answer(answer["error"])
    rows = answer.get("results")
    if type(rows) is not list or not all(type(row) is dict for row in rows):
        raise malformed("holds no list of results")
    if not all(type(row.get("index")) is int for row in rows):
        raise malformed("holds results whose places are not clear")
    found = {row["index"]: row.get("relevance_score") for row in rows}
    if len(found) != len(rows) or set(found) != set(range(len(rows))):
        raise malformed("holds results whose places are not clear")
    scores = tuple(_number(found[place]) for place in range(len(rows)))
    return Response(text_or_empty(answer.get("model"), "model"), (Choice(""),), _usage(answer), scores=scores)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise malformed("holds a score that is no number")
    return float(value)


def _usage(answer: dict[str, object]) -> Usage | None:
    usage = answer.get("usage")
    if type(usage) is not dict:
        return None
    count = usage.get("prompt_tokens", usage.get("total_tokens"))
    return Usage(count, 0) if type(count) is int and count >= 0 else None
