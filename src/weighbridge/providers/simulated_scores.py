"""Scores of the simulated reranker: the share of the question's words that a passage holds."""

from weighbridge.budget.tokens import count_tokens
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.usage import WORDS, Usage


def example_scores(model: PortfolioModel, request: Request) -> Response:
    """One for each passage."""
    question, *passages = (message.text for message in request.messages)
    wanted = _words(question)
    scores = tuple(len(wanted & _words(passage)) / max(1, len(wanted)) for passage in passages)
    tokens = sum(count_tokens(message.text, WORDS).tokens for message in request.messages)
    return Response(model.upstream_name, (Choice(""),), Usage(tokens, 0), scores=scores)


def _words(text: str) -> set[str]:
    return {word.strip(".,;:?!") for word in text.casefold().split()}
