"""A reranker is a model like any other: who may see what, what it costs, and what is written down holds for it too."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from make import a_model, a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.errors import ConfigError, NoEvidenceError, ProviderError, ProviderUnavailableError
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.levels import Capability, Sensitivity
from weighbridge.domain.money import Money, Price
from weighbridge.domain.policy import Host, Policy, PortfolioModel
from weighbridge.domain.probe import ProbeKind
from weighbridge.domain.record import RecordFilter
from weighbridge.domain.request import Request
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.search import Search
from weighbridge.domain.tool import Collection
from weighbridge.domain.usage import Usage
from weighbridge.domain.vectors import Scale
from weighbridge.pipeline.house import House
from weighbridge.pipeline.index import put_document
from weighbridge.pipeline.run import run
from weighbridge.pipeline.search import search
from weighbridge.pipeline.wire import derive

HANDBOOK = Collection("handbook")
RULE = EvidenceRule(collections=("handbook",), reranker="rank", min_relevance=0.3)
QUESTION = "Within how many days is a plan given back?"
DOCUMENTS = {"loud.md": "A plan has many days, and how many days!", "right.md": "A plan is refunded within 14 days."}
GONE = ProviderUnavailableError("The host is away.", advice="Wait.", may_have_cost=False)


class Network(Script):
    """Answers what is written down, and scores passages that speak of refunds."""

    error: ProviderError | None = None
    scores: tuple[float, ...] | None = None

    async def call(self, host: Host, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        if not request.is_ranking:
            return await super().call(host, model, request, timeout_s)
        self._note(model, request)
        if self.error is not None:
            raise self.error
        passages = [message.text for message in request.messages[1:]]
        scores = self.scores or tuple(8.0 if "refunded" in text else -6.0 for text in passages)
        return Response(model.name, (Choice(""),), Usage(10, 0), scores=scores)


def a_portfolio(rule: EvidenceRule = RULE, ranker: dict[str, Any] | None = None, **task: Any) -> Policy:
    fields = {"price": Price.per_million("1000", "0"), "scores": Scale(-5.0, 5.0), "cleared_for": Sensitivity.INTERNAL}
    model = a_model("ranker", **(fields | (ranker or {})))
    policy = a_policy(a_task(evidence=rule, **task), a_task("rank", primary_model="ranker", fallback_models=()))
    return replace(policy, models={**policy.models, "ranker": model}, collections={"handbook": HANDBOOK})


@asynccontextmanager
async def house_on(network: Network, folder: Path, policy: Policy | None = None) -> AsyncIterator[House]:
    async with gateway_on(network, policy or a_portfolio(), folder) as house:
        for name, text in DOCUMENTS.items():
            await put_document(name, text.encode(), HANDBOOK, {}, house)
        yield house


async def asked(house: House) -> Any:
    return (await run(a_request(QUESTION, task="tag"), ANONYMOUS, house)).record


async def test_what_the_model_reads_as_an_answer_is_shown_and_the_rest_is_not(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    async with house_on(network, tmp_path) as house:
        record = await asked(house)
    (shown,), (left_out,) = record.evidence.shown, record.evidence.left_out
    assert (shown.id, shown.score, shown.relevance) == ("handbook/right.md:1", 8.0, 1.0)
    assert (left_out.id, left_out.score, left_out.relevance) == ("handbook/loud.md:1", -6.0, 0.0)


async def test_the_ranking_is_paid_for_and_stands_in_the_record(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    async with house_on(network, tmp_path) as house:
        record = await asked(house)
    (made,) = record.preparations
    assert (made.kind, made.model, made.cost, made.error_code) == (ProbeKind.RANK, "ranker", Money.usd("0.01"), None)
    question, *passages = (message.text for message in network.requests[0].messages)
    assert question == QUESTION
    assert sorted(passage.partition("\n")[2] for passage in passages) == sorted(DOCUMENTS.values())


async def test_only_the_first_are_shown_to_it(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    policy = a_portfolio(replace(RULE, most_ranked=2))
    async with house_on(network, tmp_path, policy) as house:
        for number in range(4):
            await put_document(f"n{number}.md", b"Many days of a plan.", HANDBOOK, {}, house)
        await asked(house)
    assert len(network.requests[0].messages) == 3


async def test_a_single_passage_needs_no_ranking(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    async with house_on(network, tmp_path) as house:
        await house.sources.remove(["handbook/loud.md"])
        assert (await asked(house)).preparations == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sensitivity": Sensitivity.CONFIDENTIAL}, "sensitivity_not_allowed"),
        ({}, GONE.code),
    ],
)
async def test_without_the_model_the_order_of_the_search_stands(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    network = Network(fast_small=[a_response("14 days")])
    network.error = GONE
    async with house_on(network, tmp_path, a_portfolio(**changes)) as house:
        record = await asked(house)
    assert record.preparations[0].error_code == code
    found = (*record.evidence.shown, *record.evidence.left_out)
    assert {item.id: item.score for item in found} == {"handbook/loud.md:1": None, "handbook/right.md:1": None}
    assert ("ranker" in network.calls) == (not changes)


async def test_scores_for_something_else_are_not_used_and_were_paid(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    network.scores = (1.0,)
    async with house_on(network, tmp_path) as house:
        record = await asked(house)
    (made,) = record.preparations
    assert (made.error_code, made.cost) == ("provider_malformed", Money.usd("0.01"))
    assert all(item.score is None for item in record.evidence.shown)


async def test_what_no_passage_answers_ends_without_evidence(tmp_path: Path) -> None:
    network = Network()
    network.scores = (-9.0, -9.0)
    async with house_on(network, tmp_path) as house:
        with pytest.raises(NoEvidenceError):
            await asked(house)


async def test_a_search_by_itself_is_ranked_with_a_record_of_its_own(tmp_path: Path) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        wanted = Search(QUESTION, ("handbook",), date(2026, 11, 27))
        found = await search(wanted, ANONYMOUS, house, RULE)
        (record,) = await house.records.find(RecordFilter())
        unranked = await search(wanted, ANONYMOUS, house)
    assert [item.document for item in found] == ["handbook/right.md", "handbook/loud.md"]
    assert record.cost == Money.usd("0.01")
    assert all(item.score is None for item in unranked)


async def test_a_search_whose_ranking_cannot_be_had_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    network = Network()
    network.error = GONE
    async with house_on(network, tmp_path) as house:
        with caplog.at_level(logging.WARNING, "weighbridge.sources"):
            found = await search(Search(QUESTION, (), date(2026, 11, 27)), ANONYMOUS, house, RULE)
    assert len(found) == 2
    assert "not ranked anew" in caplog.text


@pytest.mark.parametrize("ranker", [{"scores": None}, {"capabilities": frozenset({Capability.STREAMING})}])
def test_a_reranker_that_cannot_rank_is_refused(ranker: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        derive(a_portfolio(ranker=ranker))
    (problem,) = caught.value.problems
    assert problem.key == "tasks.tag.evidence.reranker"
