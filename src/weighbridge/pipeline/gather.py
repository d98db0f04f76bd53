"""What a request needs before it can be packed: passages that answer it, live state, and what was said long ago."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from weighbridge.budget.cost import affordable_tokens
from weighbridge.context.relevance import question_of
from weighbridge.domain.caller import ANONYMOUS, EVALUATION
from weighbridge.domain.errors import NoEvidenceError
from weighbridge.domain.evidence import Evidence, EvidenceRule, Gathered, SourceStatus, ToolRun, WhenNone
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.material import Authority, Source
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.packed import Packed
from weighbridge.domain.policy import Policy
from weighbridge.domain.search import Search
from weighbridge.domain.signals import SignalValue
from weighbridge.domain.task import Task
from weighbridge.domain.tool import DeclaredTool
from weighbridge.pipeline.beside import Beside
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House, InForce
from weighbridge.pipeline.near import near_for
from weighbridge.pipeline.ranking import ranked_for

Fetched = tuple[ToolRun, Source | None]


async def gather(draft: Draft, task: Task, sensitivity: Sensitivity, house: House, in_force: InForce) -> Gathered:
    """Sources for the request. Raises StoreError; a tool that fails is told of, not raised."""
    today = datetime.fromtimestamp(house.clock.now(), UTC).date()
    rule = task.evidence
    if rule is None:
        return Gathered(today, draft.request.sources)
    tools = [draft.policy.tools[name] for name in rule.tools]
    deadline = draft.started + task.limits.deadline_s
    wanted = _search(draft, rule, sensitivity, today)
    found = await _found(wanted, rule, Beside(draft, task, house, in_force))
    fetched = await asyncio.gather(*(ask_tool(tool, draft.request.metadata, deadline, house) for tool in tools))
    results = [source for _, source in fetched if source is not None]
    return Gathered(
        today,
        sources=(*draft.request.sources, *results, *found),
        tools=tuple(run for run, _ in fetched),
        unavailable=tuple(tool.citation for tool, (run, _) in zip(tools, fetched, strict=True) if run.error),
        limit_tokens=evidence_limit(rule, task, draft.policy),
    )


async def ask_tool(
    tool: DeclaredTool, arguments: Mapping[str, str], deadline: float, house: House, *, is_asked_by_model: bool = False
) -> Fetched:
    """The tool's result as a source with authority, and what to write down about the call."""
    started = house.clock.monotonic()
    asked_at = rfc3339(datetime.fromtimestamp(house.clock.now(), UTC))
    answer = await house.tools.call(tool, arguments, max(0.0, deadline - started))
    latency_s = house.clock.monotonic() - started
    run = ToolRun(tool.name, asked_at, latency_s, answer.error, is_asked_by_model)
    if answer.text is None:
        return run, None
    return run, Source(tool.citation, answer.text, authority=Authority.AUTHORITATIVE, fetched_at=asked_at)


def evidence_limit(rule: EvidenceRule, task: Task, policy: Policy) -> int | None:
    """Most tokens of sources, by the rule's own bound and by what its money buys at the dearest of the task's models.

    A model of unknown price sets no bound here: whether it may serve at all is the route's business.
    """
    bounds = [] if rule.max_tokens is None else [rule.max_tokens]
    if rule.max_cost is not None:
        prices = [policy.models[name].price for name in task.models]
        bought = [affordable_tokens(price, rule.max_cost) for price in prices if price is not None]
        bounds += [tokens for tokens in bought if tokens is not None]
    return min(bounds, default=None)


def _search(draft: Draft, rule: EvidenceRule, sensitivity: Sensitivity, today: date) -> Search | None:
    """What is looked for; `None` where nothing is asked, or nowhere to look is named."""
    question, before = question_of(draft.request.messages)
    if not rule.collections or not question:
        return None
    asker = draft.shadows.caller if draft.shadows else draft.caller  # a challenger is shown what was shown before
    reader = None if asker in {ANONYMOUS, EVALUATION} and not draft.policy.keys else asker.name
    return Search(question, rule.collections, today, sensitivity, reader, before, enough=rule.min_relevance)


async def _found(wanted: Search | None, rule: EvidenceRule, beside: Beside) -> Sequence[Source]:
    if wanted is None:
        return ()
    near = await near_for(wanted, beside)
    found = await beside.house.sources.search(replace(wanted, near=near))
    return await ranked_for(found, wanted, rule, beside)


def require_evidence(task: Task, packed: Packed) -> None:
    """Raises NoEvidenceError where a task answers from evidence and there is none that is in force."""
    rule, evidence = task.evidence, packed.evidence
    if rule is None or rule.when_none is WhenNone.ANSWER or rule.offered_tools:
        return
    shown = evidence.shown if evidence else ()
    if any(item.status is SourceStatus.CURRENT for item in shown):
        return
    found = len(shown) + (len(evidence.left_out) if evidence else 0)
    failed = ", ".join(run.tool for run in evidence.tools if run.error) if evidence else ""
    told = f"; {failed} could not be asked" if failed else ""
    raise NoEvidenceError(
        f"No source that is in force answers this ({found} found, none relevant enough{told}).",
        advice="Ask in other words, or add a source that answers it.",
    )


def evidence_signals(packed: Packed) -> dict[str, SignalValue]:
    """What expressions may read of the evidence."""
    evidence = packed.evidence or Evidence()
    signals: dict[str, SignalValue] = {
        "source_count": len(evidence.shown),
        "suspicious_sources": sum(item.is_suspicious for item in evidence.shown),
        "failed_tools": sum(run.error is not None for run in evidence.tools),
    }
    best = evidence.best_relevance
    return signals if best is None else {**signals, "best_relevance": best}
