"""Composition: the one place that knows which database, network client and clock stand behind the ports."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from weighbridge.budget.lengths import KEPT, OutputLengths
from weighbridge.budget.rates import OwnRates
from weighbridge.budget.tokens import count_tokens
from weighbridge.classify.examples import ExampleIndex
from weighbridge.config.gate import bindings_of
from weighbridge.config.locate import located
from weighbridge.domain.errors import ConfigError, ConfigProblem, InvalidFieldError, StoreError
from weighbridge.domain.policy import CounterSettings, Policy, StoreSettings
from weighbridge.domain.proof import ProofStanding
from weighbridge.domain.request import TEXT_OUTPUT
from weighbridge.domain.response import Choice, Response
from weighbridge.domain.secret import Secret
from weighbridge.domain.task import StreamMode
from weighbridge.domain.usage import WORDS
from weighbridge.pipeline.admission import Admission
from weighbridge.pipeline.checks import GROUP, load_check
from weighbridge.pipeline.health import share_rests_every
from weighbridge.pipeline.house import House, InForce
from weighbridge.pipeline.notices import tell_every
from weighbridge.pipeline.review import expire_every
from weighbridge.pipeline.search_check import search_problems
from weighbridge.pipeline.shadow import shadow_every
from weighbridge.pipeline.upkeep import ended, kept_running
from weighbridge.pipeline.watch import demotions_of, watch_every
from weighbridge.providers.breaker import Breaker
from weighbridge.providers.clock import SystemClock
from weighbridge.providers.hosts import HostCalls, check_host
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.pages import PageCalls
from weighbridge.providers.tools import GROUP as TOOL_GROUP
from weighbridge.providers.tools import ToolCalls, load_tool
from weighbridge.providers.webhooks import WebhookCalls, check_webhook
from weighbridge.routing.proof import standing_of
from weighbridge.store.audit import StoredAudit
from weighbridge.store.drift import StoredDrift
from weighbridge.store.identifiers import RecordIds
from weighbridge.store.kept import StoredCache
from weighbridge.store.keys import StoredKeys
from weighbridge.store.ledger import StoredLedger
from weighbridge.store.records import StoredRecords
from weighbridge.store.reviews import StoredReviews
from weighbridge.store.sources import StoredSources
from weighbridge.store.states import StoredStates
from weighbridge.validation.language import is_known_language
from weighbridge.validation.schema import check_schema
from weighbridge.validation.validate import validate

if TYPE_CHECKING:
    from weighbridge.store.counters import SharedRates
    from weighbridge.store.rests import SharedRests

CLEAN_EVERY_S = 600.0
EXPIRE_HOLDS_EVERY_S = 10.0
EXPIRE_REVIEWS_EVERY_S = 5.0
TELL_WEBHOOKS_EVERY_S = 1.0
WATCH_DRIFT_EVERY_S = 1.0
SHADOW_EVERY_S = 0.2
SHARE_RESTS_EVERY_S = 0.5


def derive(policy: Policy) -> InForce:
    """What follows from a policy, computed once.

    Raises ConfigError for a host or webhook that cannot be called, a JSON Schema that answers could not be held
    against, or a declared answer that its own task would not accept.
    """
    problems = [
        *_host_problems(policy),
        *_schema_problems(policy),
        *_webhook_problems(policy),
        *_contract_problems(policy),
        *_tool_problems(policy),
        *search_problems(policy),
    ] or [*_declared_answer_problems(policy)]
    if problems:
        raise ConfigError(problems)
    return InForce(
        policy,
        ExampleIndex.build(policy),
        {name: load_check(name) for task in policy.tasks.values() for name in task.contract.checks},
        standings(policy),
        {hashlib.sha256(key.secret.value.encode()).digest(): key.caller for key in policy.keys},
    )


def standings(policy: Policy) -> dict[tuple[str, str], ProofStanding]:
    """What the proof of each model says for each task that has a quality gate."""
    found = {(proof.task, proof.model): proof for proof in policy.proofs}
    return {
        (task.name, model): standing_of(found.get((task.name, model)), task.gate, bindings_of(policy, task.name, model))
        for task in policy.tasks.values()
        if task.gate is not None
        for model in policy.models
    }


def derive_at(policy: Policy, path: Path | None) -> InForce:
    """The same for a policy that was read from `path`, so that problems name their place in the files."""
    try:
        return derive(policy)
    except ConfigError as error:
        if path is None:
            raise
        raise ConfigError([located(problem, path) for problem in error.problems]) from None


def _host_problems(policy: Policy) -> Iterator[ConfigProblem]:
    for host in policy.hosts.values():
        for sentence in check_host(host):
            yield ConfigProblem("the config", 1, 1, f"hosts.{host.name}", f"a host that can be called; {sentence}")


def _contract_problems(policy: Policy) -> Iterator[ConfigProblem]:
    for task in policy.tasks.values():
        place = f"tasks.{task.name}.output"
        for name in task.contract.checks:
            try:
                load_check(name)
            except ImportError as error:
                expected = f"checks of the entry-point group {GROUP!r}; {name!r}: {error}"
                yield ConfigProblem("the config", 1, 1, f"{place}.checks", expected)
        for code in task.contract.languages:
            yield from _language_problems(code, f"{place}.language")
        if task.contract.checks and task.stream is StreamMode.LIVE:
            expected = "validated, because checks in Python are made before an answer is shown"
            yield ConfigProblem("the config", 1, 1, f"tasks.{task.name}.stream", expected)


def _tool_problems(policy: Policy) -> Iterator[ConfigProblem]:
    for tool in policy.tools.values():
        if tool.function is None:
            continue
        try:
            load_tool(tool.function)
        except ImportError as error:
            expected = f"a function of the entry-point group {TOOL_GROUP!r}; {tool.function!r}: {error}"
            yield ConfigProblem("the config", 1, 1, f"tools.{tool.name}.function", expected)


def _language_problems(code: str, key: str) -> Iterator[ConfigProblem]:
    try:
        if not is_known_language(code):
            yield ConfigProblem("the config", 1, 1, key, f"languages that can be told apart, which {code!r} is not")
    except ImportError:
        yield ConfigProblem(
            "the config", 1, 1, key, "no language without its library: pip install weighbridge[language]"
        )


def _webhook_problems(policy: Policy) -> Iterator[ConfigProblem]:
    for task in policy.tasks.values():
        rule = task.review
        if rule is None or rule.webhook_url is None or rule.webhook_secret is None:
            continue
        for sentence in check_webhook(rule.webhook_url, rule.webhook_secret):
            place = f"tasks.{task.name}.review.webhook"
            yield ConfigProblem("the config", 1, 1, place, f"a webhook that can be told; {sentence}")


def _schema_problems(policy: Policy) -> Iterator[ConfigProblem]:
    for task in policy.tasks.values():
        if task.contract.schema_json is None:
            continue
        try:
            check_schema(task.contract.schema_json)
        except InvalidFieldError as error:
            expected = f"a JSON Schema within the gateway's bounds; {error.condition.removesuffix('.')}"
            yield ConfigProblem("the config", 1, 1, f"tasks.{task.name}.output.json_schema", expected)


def _declared_answer_problems(policy: Policy) -> Iterator[ConfigProblem]:
    for task in policy.tasks.values():
        if task.safe_answer is None:
            continue
        answer = Response("", (Choice(task.safe_answer),), usage=None)
        contract = replace(task.contract, citations=None)  # a declared answer draws on no source
        verdict = validate(answer, contract, TEXT_OUTPUT, lambda text: count_tokens(text, WORDS).tokens)
        for finding in verdict.findings:
            expected = f"an answer that the task itself accepts; {finding.message.removesuffix('.')}"
            yield ConfigProblem("the config", 1, 1, f"tasks.{task.name}.degrade.answer", expected)


def _shared(settings: CounterSettings | None) -> "tuple[OwnRates, None] | tuple[SharedRates, SharedRests]":
    """What gateways count and tell each other. Raises StoreError when the client is not installed, or the address is
    none."""
    if settings is None:
        return OwnRates(), None
    try:
        from weighbridge.store.counters import SharedRates
        from weighbridge.store.rests import SharedRests
    except ImportError:
        raise StoreError(
            "Shared rate limits need a client that is not installed.", advice="Run pip install 'weighbridge[redis]'."
        ) from None
    return SharedRates.open(settings.url, settings), SharedRests.open(settings.url)


def _secret_file(store: StoreSettings) -> Path | None:
    """Beside the database, where that is a file."""
    return None if store.url is not None else Path(store.path + ".key-secret")


def _revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.value


@asynccontextmanager
async def open_house(policy: Policy) -> AsyncIterator[House]:
    """Open the edges, and close them in turn when the block ends: no record that was accepted is lost."""
    clock = SystemClock()
    records = await StoredRecords.open(policy.store.url or Path(policy.store.path), policy.store.queue_limit)
    providers = HostCalls(clock)
    others = HttpClient()
    drift = StoredDrift(records)
    new_id = RecordIds(clock)
    keys = StoredKeys(records, _secret_file(policy.store), _revealed(policy.store.key_secret))
    ledger = StoredLedger(records, lambda: new_id().replace("rec_", "hold_", 1))
    rates, rests = _shared(policy.counters)
    breaker = Breaker(clock)
    house = House(
        in_force=derive(policy),
        providers=providers,
        health=breaker,
        ledger=ledger,
        admission=Admission(keys, clock, lambda: new_id().replace("rec_", "key_", 1)),
        audit=StoredAudit(records),
        records=records,
        reviews=StoredReviews(records, policy.store.review_limit),
        drift=drift,
        sources=StoredSources(records),
        cache=StoredCache(records),
        states=StoredStates(records),
        pages=PageCalls(others),
        tools=ToolCalls(others),
        webhooks=WebhookCalls(others),
        clock=clock,
        chance=SystemRandom().random,
        new_id=new_id,
        rates=rates,
        lengths=OutputLengths(await records.output_lengths(tuple(policy.tasks), KEPT)),
        demotions=demotions_of(await drift.watched()),
    )
    upkeep = [
        partial(records.expire_every, CLEAN_EVERY_S),
        partial(ledger.expire_every, EXPIRE_HOLDS_EVERY_S, clock.now),
        partial(ledger.forget_every, CLEAN_EVERY_S, clock.now),
        partial(expire_every, EXPIRE_REVIEWS_EVERY_S, house),
        partial(tell_every, TELL_WEBHOOKS_EVERY_S, house),
        partial(watch_every, WATCH_DRIFT_EVERY_S, house),
        partial(shadow_every, SHADOW_EVERY_S, house),
    ]
    if rests is not None:
        upkeep.append(partial(share_rests_every, SHARE_RESTS_EVERY_S, house, breaker, rests))
    loops = [asyncio.create_task(kept_running(loop)) for loop in upkeep]
    try:
        yield house
    finally:
        await ended(loops)
        await providers.close()
        await others.close()
        await rates.close()
        if rests is not None:
            await rests.close()
        await records.close()
