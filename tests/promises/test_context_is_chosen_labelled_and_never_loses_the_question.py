"""The seed's three cases: the current uptime and not the old one, the signed amendment and not the clause on page 200,
and the newest customer message in every prompt. What the model really got is looked at, for the simulated model and for
a real one on this machine."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from make import a_conversation, a_model, a_policy, a_request, a_task
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.evidence import EvidenceRule, SourceStatus
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.policy import Host, Policy, PortfolioModel, StoreSettings
from weighbridge.domain.request import Message, Request
from weighbridge.domain.response import Delta, Response
from weighbridge.domain.task import Limits, TooLong
from weighbridge.domain.tool import Collection
from weighbridge.pipeline.house import House
from weighbridge.pipeline.index import put_document
from weighbridge.pipeline.ports import Providers
from weighbridge.pipeline.run import run
from weighbridge.pipeline.wire import open_house

DOCUMENTS = Collection("docs")
REAL = Host("here", "llama.cpp", "local", region="on-premises", options={"context_tokens": 4096})
PRETEND = Host("here", "simulated", "simulated", options={"answer": "Noted."})
CURRENT = (
    "---\nupdated: 2026-03-12\nauthority: authoritative\nsupersedes: old_sla.md\n---\n"
    "The uptime we promise is 99.9 %.\n"
)
OLD = "---\ndeprecated: 2025-08-01\nauthority: not authoritative\n---\nThe uptime we promise was 99.5 %.\n"
AMENDMENT = (
    "---\nauthority: authoritative\nupdated: 2026-05-15\nsupersedes: contract.md:clause-200\n---\n"
    "# Signed amendment\n\nEarly termination needs a notice of three months and costs nothing.\n"
)

pytestmark = pytest.mark.timeout(120)


class Watched:
    """The real network, and what went over it."""

    def __init__(self, providers: Providers) -> None:
        self._providers, self.prompts = providers, list[Sequence[Message]]()

    async def call(self, host: Host, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """Looked at, then really sent."""
        self.prompts.append(request.messages)
        return await self._providers.call(host, model, request, timeout_s)

    async def stream(
        self, host: Host, model: PortfolioModel, request: Request, timeout_s: float
    ) -> AsyncGenerator[Delta, None]:
        """Not asked for here."""
        raise NotImplementedError
        yield Delta()


@pytest.fixture(params=[PRETEND, REAL], ids=["simulated", "smollm2"])
def policy(request: pytest.FixtureRequest, tmp_path: Path) -> Policy:
    limits = Limits(max_output_tokens=16, deadline_s=100.0, max_input_tokens=900, when_too_long=TooLong.COMPACT)
    task = a_task(
        primary_model="only",
        fallback_models=(),
        limits=limits,
        evidence=EvidenceRule(collections=("docs",), max_tokens=500, most_sources=4, min_relevance=0.3),
    )
    return replace(
        a_policy(task),
        hosts={"here": request.param},
        models={"only": a_model("only", host="here", upstream_name="smollm2", context_window_tokens=4_096)},
        collections={"docs": DOCUMENTS},
        store=StoreSettings(str(tmp_path / "records.db")),
    )


@asynccontextmanager
async def gateway(policy: Policy, documents: dict[str, str]) -> AsyncIterator[tuple[House, Watched]]:
    async with open_house(policy) as house:
        watched = Watched(house.providers)
        house.providers = watched
        for name, text in documents.items():
            await put_document(name, text.encode(), DOCUMENTS, {}, house)
        yield house, watched


async def ask(house: House, *turns: str) -> Outcome:
    return await run(a_request(messages=a_conversation(*turns), task="tag"), ANONYMOUS, house)


async def test_the_uptime_is_99_9_and_the_old_99_5_is_marked_as_old(policy: Policy) -> None:
    async with gateway(policy, {"current_sla.md": CURRENT, "old_sla.md": OLD}) as (house, watched):
        outcome = await ask(house, "What uptime do we promise?")
    prompt = watched.prompts[0][-1].text
    assert 'updated="2026-03-12" authority="authoritative" status="current">\nThe uptime we promise is 99.9 %' in prompt
    assert (
        'authority="not authoritative" status="deprecated since 2025-08-01, replaced by docs/current_sla.md"' in prompt
    )
    assert prompt.index("99.9") < prompt.index("99.5")
    assert outcome.text


async def test_a_signed_amendment_beats_the_clause_on_page_200(policy: Policy) -> None:
    pages = [f"## Clause {number}\n\nClause {number} lays down {number} minor points.\n" for number in range(1, 300)]
    pages[199] = "## Clause 200\n\nEarly termination needs a notice of six months and costs half of what is left.\n"
    documents = {"contract.md": "# Contract\n\n" + "\n".join(pages), "amendment.md": AMENDMENT}
    async with gateway(policy, documents) as (house, watched):
        outcome = await ask(house, "What notice does early termination need?")
    evidence = outcome.record.evidence
    assert evidence is not None
    standing = {item.id: (item.status, item.because_of) for item in evidence.shown}
    assert standing["docs/amendment.md:signed-amendment"] == (SourceStatus.CURRENT, None)
    assert standing["docs/contract.md:clause-200"] == (SourceStatus.SUPERSEDED, "docs/amendment.md")
    prompt = watched.prompts[0][-1].text
    assert prompt.index("three months") < prompt.index("six months")
    assert "Clause 7 lays" not in prompt


async def test_the_newest_customer_message_is_in_every_prompt(policy: Policy) -> None:
    thread = [f"turn {number}: " + "we talked about many things " * 12 for number in range(1, 39)]
    newest = "Now tell me: which uptime do we promise?"
    async with gateway(policy, {"current_sla.md": CURRENT}) as (house, watched):
        outcome = await ask(house, *thread, newest)
    prompt = watched.prompts[0]
    assert prompt[-1].text.endswith(newest)
    assert "turn 1:" not in prompt[0].text
    assert outcome.record.latest_customer_message_used is True
    assert outcome.record.dropped_messages
