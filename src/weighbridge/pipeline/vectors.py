"""Vectors for the passages of documents, made batch after batch like any other call: classified, held, paid, recorded.

Documents are found by their words from the moment they are indexed; vectors follow. What no model may see keeps being
found by its words alone.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from weighbridge.domain.caller import INDEXING
from weighbridge.domain.errors import (
    AnswerError,
    ContentPolicyError,
    ContextTooLongError,
    ModelsCoolingDownError,
    NoCandidateError,
    ProviderRejectedError,
    RequestError,
    StoreError,
    WeighbridgeError,
)
from weighbridge.domain.money import total
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.task import Task
from weighbridge.domain.vectors import Unvectored, VectorReport, VectorRule
from weighbridge.pipeline.house import House
from weighbridge.pipeline.near import vector_request, vectors_of
from weighbridge.pipeline.run import run

BATCH_PASSAGES = 32
"""Of one call."""
BATCH_CHARS = 60_000
"""Of one call, where a single passage does not have more."""
TURN_S = 120.0
"""So long nobody else makes vectors after this process has begun a batch."""
MOST_REFUSED_IN_A_ROW = 50
"""After so many nothing is right for this model, and all others wait."""
AGAIN_AFTER_S = 60.0
"""Until what waits is tried again."""

_REJECTED = {ProviderRejectedError.code, ContextTooLongError.code, ContentPolicyError.code}

log = logging.getLogger("weighbridge.sources")

Progress = Callable[[int], None]
"""Told how many vectors were made since it was told before."""


class VectorMaking:
    """Makes what is missing, in the name of one process."""

    def __init__(self, house: House) -> None:
        self._house, self._holder = house, house.new_id()
        self._refused: set[str] = set()
        """What was refused once, and is not asked again by this process."""
        self._report, self._refused_in_a_row = VectorReport(), 0

    async def run(self, progress: Progress | None = None) -> VectorReport:
        """All collections, until nothing is missing or something stands in the way. Raises StoreError."""
        self._report, self._refused_in_a_row = VectorReport(), 0
        policy = self._house.in_force.policy
        for collection in policy.collections.values():
            task = policy.tasks[collection.vectors] if collection.vectors else None
            model = None if task is None else policy.models[task.primary_model]
            if task is None or model is None or model.vectors is None:
                continue
            after = 0
            while not self._report.waiting:
                found = await self._house.sources.without_vectors(collection.name, model.space, after, BATCH_PASSAGES)
                if not found:
                    break
                batch = _batch(found)
                after = batch[-1].number
                await self._made(batch, task, model, model.vectors, progress)
        if self._report.made:
            now = self._house.clock.now()
            await self._house.sources.take_turn(self._holder, now, now)  # who comes next need not wait
        return self._report

    async def _made(
        self,
        batch: Sequence[Unvectored],
        task: Task,
        model: PortfolioModel,
        rule: VectorRule,
        progress: Progress | None,
    ) -> None:
        batch = [passage for passage in batch if _name(passage, model) not in self._refused]
        if not batch or self._report.waiting:
            return
        now = self._house.clock.now()
        if not await self._house.sources.take_turn(self._holder, now, now + TURN_S):
            self._waits(batch, "another gateway on this store makes them at the moment")
            return
        try:
            vectors = await self._asked(batch, task, rule)
        except StoreError:
            raise
        except WeighbridgeError as error:
            if not _is_about_passages(error) or self._refused_in_a_row >= MOST_REFUSED_IN_A_ROW:
                self._waits(batch, error.condition)
            elif len(batch) > 1:
                for passage in batch:
                    await self._made([passage], task, model, rule, progress)
            else:
                self._refuse(batch[0], model, error.condition)
            return
        self._refused_in_a_row = 0
        made = await self._house.sources.put_vectors(model.space, list(zip(batch, vectors, strict=True)))
        self._report = replace(self._report, made=self._report.made + made)
        if progress is not None:
            progress(made)

    async def _asked(self, batch: Sequence[Unvectored], task: Task, rule: VectorRule) -> list[bytes]:
        request = vector_request([rule.passage_prefix + passage.whole for passage in batch], task, rule)
        caller = replace(INDEXING, sensitivity=batch[0].sensitivity)
        outcome = await run(request, caller, self._house)
        self._report = replace(self._report, cost=total((self._report.cost, outcome.cost)))
        return vectors_of(outcome.response, len(batch))

    def _waits(self, batch: Sequence[Unvectored], reason: str) -> None:
        self._report = replace(self._report, waiting=self._report.waiting + len(batch), reason=reason)

    def _refuse(self, passage: Unvectored, model: PortfolioModel, reason: str) -> None:
        self._refused_in_a_row += 1
        self._refused.add(_name(passage, model))
        self._report = replace(self._report, refused=self._report.refused + 1, reason=reason)


async def make_vectors_every(interval_s: float, house: House) -> None:
    """Make what is missing whenever documents or the policy have changed, until cancelled."""
    making, seen, wait_s = VectorMaking(house), ("", -1), 0.0
    while True:
        await asyncio.sleep(wait_s)
        wait_s = interval_s
        policy = house.in_force.policy
        if all(collection.vectors is None for collection in policy.collections.values()):
            continue
        try:
            if seen == (policy.digest, await house.sources.version()):
                continue
            report = await making.run()
            seen = (policy.digest, await house.sources.version())
        except StoreError as error:
            log.warning("vectors were not made: %s", error)
            continue
        if report.waiting:
            seen, wait_s = ("", -1), AGAIN_AFTER_S
        tell(report)


def tell(report: VectorReport) -> None:
    """One line in the log, where there is something to tell."""
    if report.reason is None:
        log.log(logging.INFO if report.made else logging.DEBUG, "%d vectors made.", report.made)
        return
    log.warning(
        "%d vectors made; %d passages refused, %d or more wait: %s",
        report.made,
        report.refused,
        report.waiting,
        report.reason,
    )


def _name(passage: Unvectored, model: PortfolioModel) -> str:
    """By what it says: a row's number passes on to another when it is gone."""
    return hashlib.sha256(f"{model.space}\x1f{passage.whole}".encode(errors="replace")).hexdigest()


def _is_about_passages(error: WeighbridgeError) -> bool:
    """What was asked for is at fault, and nothing that another moment would mend."""
    if isinstance(error, AnswerError):
        codes = {attempt.error_code for attempt in error.attempts}
        return bool(codes) and codes <= _REJECTED
    return isinstance(error, RequestError | NoCandidateError) and not isinstance(error, ModelsCoolingDownError)


def _batch(found: Sequence[Unvectored]) -> list[Unvectored]:
    """The first of them that travel equally far and are one call's worth."""
    batch: list[Unvectored] = []
    chars = 0
    for passage in found:
        chars += len(passage.whole)
        if batch and (chars > BATCH_CHARS or passage.sensitivity is not batch[0].sensitivity):
            break
        batch.append(passage)
    return batch
