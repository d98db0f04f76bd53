"""Vectors of the simulated host: made of the text's words alone, so that texts that share words are near each other."""

import hashlib
import math
import random

from weighbridge.budget.tokens import count_tokens
from weighbridge.dialects.openai_embeddings.response import pack
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.usage import WORDS, Usage

DIMENSIONS = 64


def example_vectors(model: PortfolioModel, request: Request) -> Response:
    """One of length 1 for each message."""
    wish = request.embedding
    size = (wish.dimensions if wish else None) or DIMENSIONS
    texts = [message.text for message in request.messages]
    usage = Usage(sum(count_tokens(text, WORDS).tokens for text in texts), 0)
    vectors = tuple(pack(_vector(text, size)) for text in texts)
    return Response(model.upstream_name, (Choice(""),), usage, vectors=vectors)


def _vector(text: str, size: int) -> list[float]:
    total = [0.0] * size
    for word in text.casefold().split() or [""]:
        seed = int.from_bytes(hashlib.sha256(word.encode(errors="surrogatepass")).digest()[:8])
        draw = random.Random(seed)  # noqa: S311 (a double's numbers, not a secret)
        total = [number + draw.gauss(0, 1) for number in total]
    length = math.sqrt(sum(number * number for number in total)) or 1.0
    return [number / length for number in total]
