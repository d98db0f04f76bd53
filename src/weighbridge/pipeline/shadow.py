"""Shadow traffic: a challenger answers what was answered already, a judge compares, and nobody gets to see it."""

import asyncio
import logging
from dataclasses import replace

from weighbridge.domain.caller import SHADOW, Caller
from weighbridge.domain.drift import Monitor
from weighbridge.domain.errors import WeighbridgeError
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.policy import Policy
from weighbridge.domain.request import Request, Role, say
from weighbridge.domain.shadow import Served
from weighbridge.domain.task import ShadowRule, Task
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run, walk
from weighbridge.validation.judging import judge_task, not_worse, pair_shown

log = logging.getLogger("weighbridge.shadow")

AT_ONCE = 4
"""Challengers that are asked at the same time."""


async def shadow_every(interval_s: float, house: House) -> None:
    """Hold challengers against what is put aside, until cancelled."""
    while True:
        while house.shadowed:
            waiting = [house.shadowed.popleft() for _ in range(min(AT_ONCE, len(house.shadowed)))]
            await asyncio.gather(*(shadow(served, house) for served in waiting))
        await asyncio.sleep(interval_s)


async def shadow(served: Served, house: House) -> None:
    """Ask the challenger, then the judge. What fails has its record, and changes nothing for anybody."""
    task = house.in_force.policy.tasks.get(served.task)
    if task is None or task.shadow is None:
        return
    policy = _policy_for(task, task.shadow, house.in_force.policy)
    aside = replace(house, in_force=replace(house.in_force, policy=policy))
    caller = replace(served.caller, name=SHADOW, may_pin=True, tasks=None)
    try:
        outcome = await _challenged(served, task.shadow, caller, aside)
        if task.shadow.judge is not None:
            score = await _judged(served, outcome, task.shadow.judge, caller, aside)
            await house.drift.add(served.record_id, Monitor.JUDGE, score)
    except WeighbridgeError as error:
        log.info("shadow of %s: %s", served.record_id, error.condition)


async def _challenged(served: Served, rule: ShadowRule, caller: Caller, house: House) -> Outcome:
    asked = replace(served.request, model=rule.model, task=served.task, is_stream=False, choices=1)
    draft = Draft.open(asked, caller, house, house.in_force.policy)
    draft.shadows = served
    return await walk(draft, house)


async def _judged(served: Served, challenger: Outcome, judge: str, caller: Caller, house: House) -> float:
    """How the given answer does beside the challenger's."""
    task, own, other = f"_judge.{judge}", served.answer, challenger.text
    said = [
        (await run(Request((say(Role.USER, pair_shown(served.request.text, *pair)),), task=task), caller, house)).text
        for pair in ((own, other), (other, own))
    ]
    return not_worse(*said)


def _policy_for(task: Task, rule: ShadowRule, policy: Policy) -> Policy:
    """The same, but a challenger needs no proof, nobody is asked to review it, and it gets no declared answer and no
    company. Who may see what, and what it may cost, holds as ever."""
    limits = replace(task.limits, max_retries=0, hedge_after_s=None)
    asked = replace(task, gate=None, review=None, safe_answer=None, canary=None, shadow=None, limits=limits)
    tasks = {**policy.tasks, task.name: asked}
    if rule.judge is not None and task.gate is not None:
        judge = judge_task(rule.judge, task.gate.scorers[rule.judge], task)
        tasks[judge.name] = judge
    return replace(policy, tasks=tasks)
