"""`Gateway`: the door for Python."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from weighbridge.config.load import load_policy
from weighbridge.context.documents.labels import labels_of
from weighbridge.dialects.native.review import read_feedback
from weighbridge.domain.billed import Known
from weighbridge.domain.caller import ANONYMOUS, Caller
from weighbridge.domain.document import CutDocument, Document, IndexReport
from weighbridge.domain.drift import Monitor, Watched
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError, NotFoundError
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.feedback import Feedback
from weighbridge.domain.hold import Standing
from weighbridge.domain.levels import Risk
from weighbridge.domain.material import Source
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.notice import Notice
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.policy import Policy
from weighbridge.domain.record import Record, RecordFilter
from weighbridge.domain.request import Request, Role, say
from weighbridge.domain.review import ReviewAct, ReviewFilter, ReviewItem, ReviewVerb
from weighbridge.domain.search import Search
from weighbridge.domain.tool import Collection
from weighbridge.domain.vectors import VectorReport
from weighbridge.pipeline.addresses import add_path
from weighbridge.pipeline.admission import Admission
from weighbridge.pipeline.house import House
from weighbridge.pipeline.index import Progress, put_document, source_at
from weighbridge.pipeline.known import known_calls
from weighbridge.pipeline.ports import Audit
from weighbridge.pipeline.review import decide
from weighbridge.pipeline.run import run
from weighbridge.pipeline.search import search
from weighbridge.pipeline.vectors import VectorMaking
from weighbridge.pipeline.watch import look
from weighbridge.pipeline.wire import derive_at, open_house


class Gateway:
    """A gateway inside your own process, with the same policy, path and record as behind HTTP.

    >>> async with Gateway.open("weighbridge.yaml") as gateway:
    ...     outcome = await gateway.run(task="classify", risk="low", input="Attached invoice for March.")
    """

    def __init__(self, house: House, caller: Caller = ANONYMOUS) -> None:
        self._house, self._caller = house, caller

    @classmethod
    @asynccontextmanager
    async def open(
        cls, config: str | Path | None = None, *, store: str | Path | None = None, env: Mapping[str, str] | None = None
    ) -> AsyncIterator["Gateway"]:
        """Open the gateway that `config` describes; without one, the built-in demo portfolio.

        `store` overrides where records go. Raises ConfigError with everything that is wrong at once.
        """
        path = None if config is None else Path(config)
        policy = derive_at(load_policy(path, os.environ if env is None else env), path).policy
        async with cls.on(_stored_at(policy, store)) as gateway:
            yield gateway

    @classmethod
    @asynccontextmanager
    async def on(cls, policy: Policy, caller: Caller = ANONYMOUS) -> AsyncIterator["Gateway"]:
        """Open a gateway on a policy that you built in code; `caller` stands in its records."""
        async with open_house(policy) as house:
            yield cls(house, caller)

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._house.in_force.policy

    async def run(  # noqa: PLR0913 (what may be stated is the signature)
        self,
        *,
        input: str,  # noqa: A002 (the word that callers know)
        task: str | None = None,
        risk: Risk | str | None = None,
        model: str = "auto",
        max_output_tokens: int | None = None,
        metadata: Mapping[str, str] | None = None,
        sources: Sequence[Source] = (),
    ) -> Outcome:
        """Answer one request. What is not stated, the gateway classifies. Raises WeighbridgeError."""
        if not input.strip():
            raise EmptyInputError("The input is empty.", advice="Send some text.", param="input")
        request = Request(
            messages=(say(Role.USER, input),),
            model=model,
            task=task,
            risk=None if risk is None else _risk(risk),
            max_output_tokens=max_output_tokens,
            metadata=metadata or {},
            sources=tuple(sources),
        )
        return await self.send(request)

    async def send(self, request: Request) -> Outcome:
        """Answer a request that you built yourself. Raises WeighbridgeError."""
        _require_bounds(request)
        _require_unicode(request)
        return await run(request, self._caller, self._house)

    async def add_sources(
        self,
        path: str | Path,
        collection: str,
        labels: Mapping[str, object] | None = None,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Index a file, a folder, or a list of addresses (`*.urls`) as all that a collection has from there.

        What cannot be read is in the report, and the rest is indexed. Raises CommandError, StoreError, or for a label
        that is none UnreadableDocumentError.
        """
        labels_of(labels or {})
        return await add_path(Path(path), self._collection(collection), labels or {}, self._house, progress)

    async def put_source(
        self, name: str, body: str | bytes, collection: str, labels: Mapping[str, object] | None = None
    ) -> CutDocument:
        """Index one document; the ending of its name says what it is. Raises UnreadableDocumentError or StoreError."""
        content = body.encode() if isinstance(body, str) else body
        return await put_document(name, content, self._collection(collection), labels or {}, self._house)

    async def sources(self, collection: str | None = None) -> list[Document]:
        """Every document, by id."""
        return await self._house.sources.documents(collection)

    async def source(self, name: str) -> CutDocument | None:
        """A document with its passages, or with the one passage that `name` is the id of."""
        return await source_at(name, self._house)

    async def search_sources(
        self, question: str, collections: Sequence[str] = (), *, limit: int = 10, rule: EvidenceRule | None = None
    ) -> Sequence[Source]:
        """Passages that hold something of the question, whoever they are for, the most relevant first; with a task's
        `rule`, what that task would find."""
        today = datetime.fromtimestamp(self._house.clock.now(), UTC).date()
        _require_utf8((question,), "question")
        enough = (rule or EvidenceRule()).min_relevance
        wanted = Search(question, tuple(collections), today, limit=limit, enough=enough)
        return await search(wanted, self._caller, self._house, rule)

    async def make_vectors(self, progress: Callable[[int], None] | None = None) -> VectorReport:
        """Vectors for passages that have none, in collections that want them; what stands in the way is in the report.
        A gateway that serves does this by itself. Raises StoreError."""
        return await VectorMaking(self._house).run(progress)

    async def remove_sources(self, ids: Sequence[str]) -> int:
        """Remove documents; how many there were."""
        return await self._house.sources.remove(ids)

    def _collection(self, name: str) -> Collection:
        declared = self.policy.collections.get(name)
        if declared is None:
            names = ", ".join(self.policy.collections) or "none"
            raise NotFoundError(
                f"There are no sources {name!r}.",
                advice=f"The config declares {names}: add it under `sources`.",
                code="unknown_collection",
            )
        return declared

    async def reviews(self, wanted: ReviewFilter | None = None) -> list[ReviewItem]:
        """What waits for people or was decided by them, newest first."""
        return await self._house.reviews.find(wanted or ReviewFilter())

    async def review(self, review_id: str) -> ReviewItem | None:
        """One item, or `None`."""
        return await self._house.reviews.get(review_id)

    async def decide(
        self, review_id: str, verb: ReviewVerb | str, *, reviewer: str, answer: str | None = None, note: str = ""
    ) -> ReviewItem:
        """What a person does to an item: `claim`, `release`, `approve`, `correct` (with `answer`) or `reject`.

        Raises NotFoundError, ReviewConflictError, InvalidCorrectionError, InvalidFieldError or StoreError.
        """
        _require_utf8((review_id, reviewer, answer or "", note), "answer")
        return await decide(self._house, review_id, ReviewAct(_verb(verb), reviewer, self._now(), answer, note))

    async def notice_of(self, item: ReviewItem) -> Notice | None:
        """What the task's webhook has still to be told of a decided item."""
        return await self._house.reviews.notice(f"msg_{item.id}")

    async def remark(
        self,
        record_id: str,
        *,
        thumbs: str | None = None,
        label: str | None = None,
        text: str | None = None,
        by: str | None = None,
    ) -> Feedback:
        """Say what you think of an answer: `up` or `down`, a label, words. `by` is who says it; you, if not stated.

        Raises InvalidFieldError, NotFoundError or StoreError.
        """
        who = by or self._caller.name
        _require_utf8((record_id, thumbs or "", label or "", text or "", who), "text")
        fields = {"record": record_id, "thumbs": thumbs and str(thumbs), "label": label, "text": text}
        feedback = read_feedback(fields, self._house.new_id().replace("rec_", "fb_", 1), who, self._now())
        if await self.record(record_id) is None:
            raise NotFoundError(
                f"There is no record {record_id!r}.", advice="Its time may be over.", code="unknown_record"
            )
        await self._house.reviews.add_feedback(feedback)
        return feedback

    def _now(self) -> str:
        return rfc3339(datetime.fromtimestamp(self._house.clock.now(), UTC))

    async def feedback(self, record_id: str) -> list[Feedback]:
        """What was said of a record, oldest first."""
        return await self._house.reviews.feedback(record_id)

    async def standings(self) -> list[Standing]:
        """How full each budget is, with its holders, what other processes hold included."""
        return await self._house.ledger.standings(self.policy.budgets, self._house.clock.now())

    async def check_ledger(self) -> list[str]:
        """Hold the ledger's sums against its book; a sentence for each difference."""
        return await self._house.ledger.check()

    async def known_calls(self, begins: float, ends: float) -> list[Known]:
        """Every call of the requests that came from `begins` to before `ends` (seconds since the epoch)."""
        return await known_calls(self._house, begins, ends)

    @property
    def admission(self) -> Admission:
        """Keys that the gateway makes: make, rotate, revoke, list."""
        return self._house.admission

    @property
    def audit(self) -> Audit:
        """What was done, by whom."""
        return self._house.audit

    async def record(self, record_id: str) -> Record | None:
        """One record, or `None`."""
        return await self._house.records.get(record_id)

    async def watched(self) -> list[Watched]:
        """What traffic has shown of proved models, up to this moment."""
        while not await look(self._house):
            pass
        return await self._house.drift.watched()

    async def hindsight(self, task: str, monitor: Monitor) -> Mapping[str, float]:
        """Record → what turned out about its answer, for a task's newest 10,000."""
        return await self._house.drift.hindsight(task, monitor)

    async def records(self, wanted: RecordFilter | None = None) -> list[Record]:
        """Records, newest first."""
        return await self._house.records.find(wanted or RecordFilter())


def _risk(text: str) -> Risk:
    try:
        return Risk(text)
    except ValueError:
        raise InvalidFieldError(
            f"There is no risk {text!r}.", advice=f"Use one of {', '.join(Risk)}.", param="risk"
        ) from None


def _verb(text: str) -> ReviewVerb:
    try:
        return ReviewVerb(text)
    except ValueError:
        raise InvalidFieldError(
            f"There is no {text!r} of a review.", advice=f"Use one of {', '.join(ReviewVerb)}.", param="verb"
        ) from None


def _require_bounds(request: Request) -> None:
    if request.max_output_tokens is not None and request.max_output_tokens < 1:
        raise InvalidFieldError(
            "`max_output_tokens` must be a whole number from 1.",
            advice="Raise it, or leave it out for the task's own limit.",
            param="max_output_tokens",
        )


def _require_unicode(request: Request) -> None:
    texts = (request.text, request.model, request.task or "", *map(str, request.metadata.values()))
    _require_utf8(texts, "input")


def _require_utf8(texts: Sequence[str], param: str) -> None:
    """Python's strings may hold what no file and no wire can, such as bytes of another encoding on the command line."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise InvalidFieldError(
            "A text of the request cannot be written as UTF-8: it holds half of a surrogate pair.",
            advice="Send text that was decoded with its own encoding, as UTF-8 for example.",
            param=param,
        ) from None


def _stored_at(policy: Policy, store: str | Path | None) -> Policy:
    return policy if store is None else replace(policy, store=replace(policy.store, path=str(store), url=None))
