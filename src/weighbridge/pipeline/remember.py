"""The state of a long conversation: taken from the store where an earlier call had it made, else asked of a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from weighbridge.budget.tokens import count_tokens
from weighbridge.context.state import (
    cut_at,
    prefix_digests,
    state_message,
    state_request,
    turns_of,
)
from weighbridge.domain.conversation import ConversationRule, ConversationState
from weighbridge.domain.errors import ConversationStateError
from weighbridge.domain.evidence import Gathered
from weighbridge.domain.hold import Estimate
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.probe import ProbeKind
from weighbridge.domain.request import Message, OutputFormat, Request, ToolResult
from weighbridge.domain.task import Contract, Task
from weighbridge.pipeline.aside import Aside
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.sizing import Counts, Sizing, input_limit
from weighbridge.routing.route import judge_aside
from weighbridge.routing.situation import Situation
from weighbridge.validation.structure import json_findings
from weighbridge.validation.tidy import tidy

MOST_TRIES = 2


@dataclass(frozen=True, slots=True)
class Remembering:
    """What is needed to keep a conversation's state."""

    rule: ConversationRule
    model: PortfolioModel
    owner: str
    """Keeps tasks, callers and schemas apart."""
    room: int
    """Tokens for conversation and state together."""
    count: Callable[[str], int]
    """Tokens of a text."""
    estimate: Callable[[Request], Estimate]
    """What a call of the state's model would use at most."""
    is_allowed: Callable[[Estimate], bool]
    """The model may see the conversation, and serves."""


async def with_state(draft: Draft, task: Task, gathered: Gathered, house: House, situation: Situation) -> Gathered:
    """The same with what stands for the older part of the conversation, where it is too long."""
    rule, known, policy, request = task.conversation, draft.classification, draft.policy, draft.request
    if rule is None or known is None:
        return gathered
    sized_by = policy.models.get(request.model) or policy.models[task.primary_model]

    def count(text: str) -> int:
        return count_tokens(text, sized_by.tokenizer).tokens

    fixed = count(task.instructions or "") + (gathered.limit_tokens or 0) * bool(task.evidence)
    model = policy.models[rule.model]
    what = Remembering(
        rule,
        model,
        owner=f"{task.name}\x1f{draft.caller.name}\x1f{rule.schema_json}",
        room=input_limit(request, task, policy) - fixed,
        count=count,
        estimate=lambda asked: Sizing(asked, task, Counts(asked)).estimate(model),
        is_allowed=lambda estimate: (
            judge_aside(model, known, policy, request=request, estimate=estimate, situation=situation).is_kept
        ),
    )
    aside = Aside(draft, house, task.name, draft.started + task.limits.deadline_s, draft.preparations)
    return replace(gathered, state=await remembered(request.messages, what, aside))


async def remembered(messages: Sequence[Message], what: Remembering, aside: Aside) -> ConversationState | None:
    """What stands for the oldest messages; `None` while all fit. Raises ConversationStateError, StoreError."""
    sizes = [what.count(message.text) + 1 for message in messages]
    if sum(sizes) <= what.room:
        return None
    prefixes = prefix_digests(what.owner, messages)
    now = datetime.fromtimestamp(aside.house.clock.now(), UTC)
    known = await aside.house.states.newest(prefixes[:-1], rfc3339(now))
    if known is not None and sum(sizes[known.covered :]) + what.count(state_message(known).text) <= what.room:
        return known
    at = _whole_units(messages, cut_at(sizes, what.room - what.rule.max_tokens, what.rule.keep_messages))
    if at <= (known.covered if known else 0):
        return known  # nothing older is left to write down; whether it fits is seen when it is packed
    state = await _written(messages, at, known, what, aside)
    await aside.house.states.keep(
        prefixes[at - 1], state, rfc3339(now), rfc3339(now + timedelta(seconds=what.rule.keep_s))
    )
    return state


def _whole_units(messages: Sequence[Message], at: int) -> int:
    """The results of tools go where their call goes."""
    while 0 < at < len(messages) and any(isinstance(part, ToolResult) for part in messages[at].parts):
        at += 1
    return at


async def _written(
    messages: Sequence[Message], at: int, known: ConversationState | None, what: Remembering, aside: Aside
) -> ConversationState:
    request = state_request(messages, at, known, what.rule)
    estimate = what.estimate(request)
    reason = "" if what.is_allowed(estimate) else f"{what.model.name} may not be asked now"
    for _ in range(0 if reason else MOST_TRIES):
        response = await aside.call(ProbeKind.STATE, what.model, request, estimate)
        if response is None:
            reason = aside.made[-1].error_code or "nothing came"
            break
        tidied, _ = tidy(response, Contract(), request.output)
        reason = _objection(tidied.text, at, request.output)
        if not reason:
            return ConversationState(at, tidied.text.strip())
    raise ConversationStateError(
        f"The conversation is too long, and the state of its older part could not be written down: {reason}.",
        advice="Try again, send a shorter conversation, or give the task a stronger `conversation.model`.",
    )


def _objection(text: str, covered: int, output: OutputFormat) -> str:
    """What is wrong with a state; empty when nothing is."""
    for finding in json_findings(text, Contract(), output):
        return finding.message.removesuffix(".")
    if any(not 1 <= turn <= covered for turn in turns_of(text)):
        return f"it refers to messages other than 1 to {covered}"
    return ""
