"""Vectors are calls like any other: who may see what, what it costs, and what is written down holds for them too."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from make import a_model, a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on
from weighbridge.dialects.openai_embeddings.response import pack
from weighbridge.domain.budget import Budget
from weighbridge.domain.caller import ANONYMOUS, INDEXING
from weighbridge.domain.errors import (
    ConfigError,
    ContextTooLongError,
    NoEvidenceError,
    ProviderError,
    ProviderUnavailableError,
)
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.levels import Capability, Sensitivity
from weighbridge.domain.money import Money, Price
from weighbridge.domain.policy import Host, Policy, PortfolioModel
from weighbridge.domain.probe import ProbeKind
from weighbridge.domain.record import OutcomeStatus, RecordFilter
from weighbridge.domain.request import EmbeddingWish, Request
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.search import Search
from weighbridge.domain.task import Task
from weighbridge.domain.tool import Collection
from weighbridge.domain.usage import Usage
from weighbridge.domain.vectors import VectorRule
from weighbridge.pipeline.house import House
from weighbridge.pipeline.index import put_document
from weighbridge.pipeline.run import run
from weighbridge.pipeline.search import search
from weighbridge.pipeline.vectors import VectorMaking, make_vectors_every
from weighbridge.pipeline.wire import derive

HANDBOOK = Collection("handbook", vectors="embed")
TOPICS = ("refund money reimbursed back", "leave parental baby holiday", "uptime outage offline reliable")
RULE = VectorRule(unrelated=0.0, related=1.0, query_prefix="query: ", passage_prefix="passage: ")
QUESTION = "Is my purchase reimbursed?"
REFUND = "Your money is given back within 14 days."
GONE = ProviderUnavailableError("The host is away.", advice="Wait.", may_have_cost=False)


def meaning(text: str) -> str:
    """A direction for each topic, as far as the text speaks of it."""
    return pack([0.01 + sum(word in text.casefold() for word in topic.split()) for topic in TOPICS])


class Network(Script):
    """Answers what is written down, and vectors of what texts mean."""

    error: ProviderError | None = None
    vectors: tuple[str, ...] | None = None
    refuses = ""

    async def call(self, host: Host, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        if request.embedding is None:
            return await super().call(host, model, request, timeout_s)
        self._note(model, request)
        if self.error is not None:
            raise self.error
        texts = [message.text for message in request.messages]
        if self.refuses and any(self.refuses in text for text in texts):
            raise ContextTooLongError("Too long.", provider_status=400)
        made = self.vectors or tuple(map(meaning, texts))
        return Response(model.name, (Choice(""),), Usage(10 * len(texts), 0), vectors=made)


def a_portfolio(task: Task | None = None, collection: Collection = HANDBOOK, **changes: Any) -> Policy:
    answering = task or a_task(evidence=EvidenceRule(collections=("handbook",)))
    fields = {"price": Price.per_million("1000", "0"), "vectors": RULE, "cleared_for": Sensitivity.INTERNAL}
    embedder = a_model("embedder", **(fields | changes.pop("embedder", {})))
    policy = a_policy(answering, a_task("embed", primary_model="embedder", fallback_models=()), **changes)
    return replace(policy, models={**policy.models, "embedder": embedder}, collections={collection.name: collection})


@asynccontextmanager
async def house_on(network: Network, folder: Path, policy: Policy | None = None) -> AsyncIterator[House]:
    async with gateway_on(network, policy or a_portfolio(), folder) as house:
        await put_document("refunds.md", REFUND.encode(), HANDBOOK, {}, house)
        await put_document("leave.md", b"Parental leave takes 18 weeks.", HANDBOOK, {}, house)
        yield house


async def records_of(house: House, caller: str) -> list[Any]:
    return await house.records.find(RecordFilter(caller=caller))


async def test_a_question_in_other_words_is_answered_from_what_means_the_same(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    async with house_on(network, tmp_path) as house:
        await VectorMaking(house).run()
        outcome = await run(a_request(QUESTION, task="tag"), ANONYMOUS, house)
    assert REFUND in network.requests[-1].messages[-1].text
    evidence = outcome.record.evidence
    assert evidence is not None
    assert [item.id for item in evidence.shown] == ["handbook/refunds.md:1"]
    assert evidence.shown[0].similarity == evidence.shown[0].relevance is not None
    assert evidence.left_out[0].similarity is not None


async def test_the_questions_vector_is_paid_for_and_stands_in_the_record(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    async with house_on(network, tmp_path) as house:
        await VectorMaking(house).run()
        outcome = await run(a_request(QUESTION, task="tag"), ANONYMOUS, house)
    (made,) = outcome.record.preparations
    assert (made.kind, made.model, made.error_code) == (ProbeKind.VECTOR, "embedder", None)
    assert made.cost == Money.usd("0.01")
    assert made.estimate is not None
    attempt = outcome.record.attempts[0].cost
    assert attempt is not None
    assert outcome.cost == made.cost + attempt
    assert network.requests[-2].messages[0].text == f"query: {QUESTION}"


async def test_a_short_question_is_asked_for_with_what_was_said_before(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("18 weeks")])
    async with house_on(network, tmp_path) as house:
        await VectorMaking(house).run()
        turns = (*a_request("How long is my baby holiday?").messages, *a_request("And paid?").messages)
        await run(a_request(task="tag", messages=turns), ANONYMOUS, house)
    assert network.requests[-2].messages[0].text == "query: How long is my baby holiday?\nAnd paid?"


async def test_of_a_pasted_letter_beginning_and_end_are_asked_for_as_far_as_the_window_goes(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    policy = a_portfolio(embedder={"context_window_tokens": 100})
    letter = "Dear all, " + "the weather is fine. " * 500 + "Is my money given back?"
    async with house_on(network, tmp_path, policy) as house:
        await VectorMaking(house).run()
        await run(a_request(letter, task="tag"), ANONYMOUS, house)
    asked = network.requests[-2].messages[0].text
    assert len(asked) <= len("query: ") + 4 * 100 + 1
    assert asked.startswith("query: Dear all, ")
    assert asked.endswith("Is my money given back?")


async def without_a_vector(network: Network, folder: Path, policy: Policy, code: str) -> None:
    """The question is looked for by its words alone, and the record says why."""
    async with house_on(network, folder, policy) as house:
        network.calls.clear()
        with pytest.raises(NoEvidenceError):
            await run(a_request(QUESTION, task="tag"), ANONYMOUS, house)
        by_words = await run(a_request("Within how many days is money given back?", task="tag"), ANONYMOUS, house)
    (skipped,) = by_words.record.preparations
    assert (skipped.error_code, skipped.cost) == (code, Money(0))
    assert by_words.record.evidence is not None
    assert by_words.record.evidence.shown[0].similarity is None


async def test_no_money_for_a_vector_leaves_the_words(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    budget = Budget("small", Money.usd("0.005"), "total")
    await without_a_vector(network, tmp_path, a_portfolio(budgets=(budget,)), "budget_exceeded")
    assert network.calls == ["fast-small"]


async def test_a_question_that_the_model_may_not_see_is_not_shown_to_it(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    task = a_task(evidence=EvidenceRule(collections=("handbook",)), sensitivity=Sensitivity.CONFIDENTIAL)
    await without_a_vector(network, tmp_path, a_portfolio(task), "sensitivity_not_allowed")
    assert network.calls == ["fast-small"]


async def test_a_host_that_is_away_leaves_the_words(tmp_path: Path) -> None:
    network = Network(fast_small=[a_response("14 days")])
    network.error = GONE
    await without_a_vector(network, tmp_path, a_portfolio(), GONE.code)


async def test_a_host_that_keeps_failing_is_left_alone_and_holds_up_nobody(tmp_path: Path) -> None:
    network = Network()
    network.error = GONE
    async with house_on(network, tmp_path) as house:
        for _ in range(20):
            with pytest.raises(NoEvidenceError):
                await run(a_request(QUESTION, task="tag"), ANONYMOUS, house)
        newest = (await house.records.find(RecordFilter(limit=1)))[0]
    assert len(network.calls) < 10
    assert newest.preparations[0].error_code == "cooling_down"


@pytest.mark.parametrize("vectors", [(), (pack([0.0, 0.0, 0.0]),), (pack([1.0]), pack([1.0]))])
async def test_what_is_no_vector_leaves_the_words_and_was_paid(tmp_path: Path, vectors: tuple[str, ...]) -> None:
    network = Network(fast_small=[a_response("14 days")])
    async with house_on(network, tmp_path) as house:
        await VectorMaking(house).run()
        network.vectors = vectors or (pack([float("nan")] * 3),)
        outcome = await run(a_request("Is money given back?", task="tag"), ANONYMOUS, house)
    (made,) = outcome.record.preparations
    assert (made.error_code, made.cost) == ("provider_malformed", Money.usd("0.01"))


async def test_passages_become_vectors_once_and_each_batch_has_its_record(tmp_path: Path) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        told: list[int] = []
        report = await VectorMaking(house).run(told.append)
        assert (report.made, report.refused, report.waiting, report.reason) == (2, 0, 0, None)
        assert report.cost == Money.usd("0.02")
        assert sum(told) == 2
        again = await VectorMaking(house).run()
        assert (again.made, again.cost) == (0, Money(0))
        (record,) = await records_of(house, INDEXING.name)
    assert (record.status, record.cost) == (OutcomeStatus.ANSWERED, Money.usd("0.02"))
    assert network.calls == ["embedder"]
    assert network.requests[0].messages[0].text == f"passage: refunds.md\n{REFUND}"


async def test_shorter_vectors_are_asked_for_and_are_another_space(tmp_path: Path) -> None:
    network = Network()
    policy = a_portfolio(embedder={"vectors": replace(RULE, dimensions=3)})
    async with house_on(network, tmp_path, policy) as house:
        assert (await VectorMaking(house).run()).made == 2
    assert network.requests[0].embedding == EmbeddingWish(3)
    assert policy.models["embedder"].space != a_portfolio().models["embedder"].space


async def test_what_no_model_may_see_has_no_vector_and_holds_up_nobody(tmp_path: Path) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        labels = {"sensitivity": "confidential"}
        await put_document("secret.md", b"The reserve is low.", HANDBOOK, labels, house)
        await put_document("uptime.md", b"We promise an uptime.", HANDBOOK, {}, house)
        making = VectorMaking(house)
        report = await making.run()
        assert (report.made, report.refused) == (3, 1)
        assert report.reason is not None
        before = len(network.calls)
        assert (await making.run()).refused == 0
        assert len(network.calls) == before
    assert all("reserve" not in message.text for asked in network.requests for message in asked.messages)


async def test_one_passage_that_may_not_be_shown_does_not_keep_its_batch_from_being_made(tmp_path: Path) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        await put_document("card.md", b"The key is sk-proj-AbCdEf0123456789AbCdEf0123456789.", HANDBOOK, {}, house)
        report = await VectorMaking(house).run()
    assert (report.made, report.refused) == (2, 1)
    assert all("sk-proj" not in message.text for asked in network.requests for message in asked.messages)


async def test_a_passage_that_the_host_refuses_does_not_hold_up_the_others(tmp_path: Path) -> None:
    network = Network()
    network.refuses = "Parental"
    async with house_on(network, tmp_path) as house:
        report = await VectorMaking(house).run()
    assert (report.made, report.refused, report.waiting) == (1, 1, 0)
    assert len(network.calls) == 3


async def test_a_host_that_refuses_everything_is_not_asked_for_each_passage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weighbridge.pipeline.vectors.MOST_REFUSED_IN_A_ROW", 3)
    network = Network()
    network.refuses = "passage"
    async with house_on(network, tmp_path) as house:
        for number in range(40):
            await put_document(f"n{number}.md", f"Number {number}.".encode(), HANDBOOK, {}, house)
        report = await VectorMaking(house).run()
    assert report.refused == 3
    assert report.waiting > 0
    assert len(network.calls) < 40


async def test_a_host_that_is_away_is_waited_for(tmp_path: Path) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        network.error = GONE
        making = VectorMaking(house)
        report = await making.run()
        assert report.made == 0
        assert report.waiting == 2
        assert report.reason is not None
        network.error = None
        house.health.note_success(house.in_force.policy.models["embedder"])
        assert (await making.run()).made == 2


async def test_no_money_for_vectors_waits(tmp_path: Path) -> None:
    policy = a_portfolio(budgets=(Budget("small", Money.usd("0.005"), "total"),))
    async with house_on(Network(), tmp_path, policy) as house:
        report = await VectorMaking(house).run()
    assert (report.made, report.waiting) == (0, 2)
    assert "budget" in (report.reason or "").casefold()


async def test_what_another_gateway_makes_is_not_paid_for_twice(tmp_path: Path) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        now = house.clock.now()
        assert await house.sources.take_turn("another", now, now + 60)
        report = await VectorMaking(house).run()
    assert (report.made, report.waiting) == (0, 2)
    assert "another gateway" in (report.reason or "")
    assert network.calls == []


async def test_who_is_done_lets_the_next_one_make_vectors(tmp_path: Path) -> None:
    async with house_on(Network(), tmp_path) as house:
        assert (await VectorMaking(house).run()).made == 2
        await put_document("uptime.md", b"We promise an uptime.", HANDBOOK, {}, house)
        assert (await VectorMaking(house).run()).made == 1


async def test_what_takes_the_place_of_a_refused_passage_is_asked_for(tmp_path: Path) -> None:
    async with house_on(Network(), tmp_path) as house:
        making = VectorMaking(house)
        await put_document("secret.md", b"The reserve is low.", HANDBOOK, {"sensitivity": "confidential"}, house)
        assert (await making.run()).refused == 1
        await house.sources.remove(["handbook/secret.md"])
        await put_document(
            "uptime.md", b"We promise an uptime.", HANDBOOK, {}, house
        )  # SQLite gives it the same number
        assert (await making.run()).made == 1


async def test_a_gateway_that_serves_makes_what_is_new_by_itself(tmp_path: Path) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        serving = asyncio.create_task(make_vectors_every(0.01, house))
        try:
            async with asyncio.timeout(10):
                while await house.sources.without_vectors("handbook", space_of(house), 0, 10):
                    await asyncio.sleep(0.01)
                await put_document("uptime.md", b"We promise an uptime.", HANDBOOK, {}, house)
                while await house.sources.without_vectors("handbook", space_of(house), 0, 10):
                    await asyncio.sleep(0.01)
        finally:
            serving.cancel()
    assert len(network.calls) == 2


def space_of(house: House) -> str:
    return house.in_force.policy.models["embedder"].space


async def test_a_search_by_itself_has_a_record_of_its_own(tmp_path: Path) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        await VectorMaking(house).run()
        wanted = Search(QUESTION, ("handbook",), house_day(house))
        found = await search(wanted, ANONYMOUS, house)
        (record,) = await records_of(house, ANONYMOUS.name)
    assert found[0].document == "handbook/refunds.md"
    assert record.cost == Money.usd("0.01")


async def test_a_search_whose_vector_cannot_be_had_goes_by_words_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    network = Network()
    async with house_on(network, tmp_path) as house:
        await VectorMaking(house).run()
        network.error = GONE
        with caplog.at_level(logging.WARNING, "weighbridge.sources"):
            found = await search(Search("money back", (), house_day(house)), ANONYMOUS, house)
    assert [item.document for item in found] == ["handbook/refunds.md"]
    assert found[0].similarity is None
    assert "searched by words alone" in caplog.text


def house_day(house: House) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(house.clock.now(), UTC).date()


@pytest.mark.parametrize(
    "embedder", [{"vectors": None}, {"capabilities": frozenset({Capability.STREAMING})}], ids=["no row", "not able"]
)
def test_a_collection_whose_vectors_nothing_can_make_is_refused(embedder: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        derive(a_portfolio(embedder=embedder))
    (problem,) = caught.value.problems
    assert problem.key == "sources.handbook.vectors"


def test_a_task_cannot_search_vectors_of_two_models_at_once() -> None:
    task = a_task(evidence=EvidenceRule(collections=("handbook", "other")))
    policy = a_portfolio(task)
    other = a_model("other-embedder", vectors=RULE)
    tasks = {**policy.tasks, "embed_other": a_task("embed_other", primary_model=other.name, fallback_models=())}
    collections = {**policy.collections, "other": Collection("other", vectors="embed_other")}
    policy = replace(policy, models={**policy.models, other.name: other}, tasks=tasks, collections=collections)
    with pytest.raises(ConfigError) as caught:
        derive(policy)
    (problem,) = caught.value.problems
    assert problem.key == "tasks.tag.evidence.collections"


def test_without_numpy_a_config_with_vectors_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.pipeline.search_check.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="weighbridge\\[embeddings\\]"):
        derive(a_portfolio())
