"""The rerank call that hosts share: bodies as Cohere, Jina and vLLM document them."""

import orjson
import pytest

from make import a_model, a_request
from weighbridge.dialects.rerank.request import render_request
from weighbridge.dialects.rerank.response import parse_response
from weighbridge.domain.errors import ProviderError, ProviderMalformedError
from weighbridge.domain.request import Role, say
from weighbridge.domain.usage import Usage

JINA = {
    "model": "jina-reranker-v2-base-multilingual",
    "object": "list",
    "usage": {"total_tokens": 815},
    "results": [{"index": 1, "relevance_score": 0.94}, {"index": 0, "relevance_score": 0.12}],
}
COHERE = {
    "id": "07734bd2-2473-4f07-94e1-0d9f0e6843cf",
    "results": [{"index": 0, "relevance_score": 0.99}, {"index": 1, "relevance_score": 0.78}],
    "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}},
}


def test_the_first_text_is_the_question_and_the_others_are_documents() -> None:
    messages = tuple(say(Role.USER, text) for text in ("which?", "one", "two"))
    body = orjson.loads(render_request(a_request(messages=messages, is_ranking=True), a_model(upstream_name="up")))
    assert body == {"model": "up", "query": "which?", "documents": ["one", "two"]}


def test_scores_come_in_the_order_of_the_documents() -> None:
    answer = parse_response(orjson.dumps(JINA))
    assert answer.scores == (0.12, 0.94)
    assert answer.model == "jina-reranker-v2-base-multilingual"
    assert answer.usage == Usage(815, 0)


def test_a_host_that_bills_searches_tells_no_usage() -> None:
    answer = parse_response(orjson.dumps(COHERE))
    assert answer.scores == (0.99, 0.78)
    assert answer.usage is None


@pytest.mark.parametrize(
    "results",
    [
        None,
        {},
        ["x"],
        [{"index": 0}],
        [{"relevance_score": 1.0}],
        [{"index": 0, "relevance_score": "0.5"}],
        [{"index": 0, "relevance_score": True}],
        [{"index": 1, "relevance_score": 1.0}],
        [{"index": 0, "relevance_score": 1.0}, {"index": 0, "relevance_score": 1.0}],
        [{"index": 0, "relevance_score": None}],
        [{"index": [0], "relevance_score": 1.0}],
    ],
)
def test_what_is_no_ranking_is_malformed(results: object) -> None:
    body = orjson.dumps({"results": results})
    with pytest.raises(ProviderMalformedError):
        parse_response(body)


def test_an_error_in_an_answer_is_the_hosts_error() -> None:
    with pytest.raises(ProviderError):
        parse_response(b'{"error": {"message": "no such model", "code": 404}}')
