"""A rerank call on the wire, as Cohere, Jina, vLLM and llama.cpp share it: `POST …/rerank`.

See https://docs.cohere.com/reference/rerank and https://api.jina.ai/redoc; `top_n` is left out, so that every document
gets its score.
"""

import orjson

from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import Request

DIALECT = "rerank"


def render_request(request: Request, model: PortfolioModel) -> bytes:
    """The first message is the question, each other one a document."""
    question, *documents = (message.text for message in request.messages)
    return orjson.dumps({"model": model.upstream_name, "query": question, "documents": documents})
