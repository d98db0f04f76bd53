"""Extra calls that say how sure a valid answer is: further samples of the same model, or a verifier's opinion."""

import asyncio
from dataclasses import replace

from weighbridge.domain.attempt import Step, StepKind
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.probe import Probe, ProbeKind
from weighbridge.domain.request import TEXT_OUTPUT, Request, Sampling
from weighbridge.domain.response import Response
from weighbridge.domain.task import ConfidenceSource
from weighbridge.domain.verdict import ConfidenceKind
from weighbridge.pipeline.aside import Aside
from weighbridge.pipeline.draft import Draft
from weighbridge.pipeline.house import House
from weighbridge.pipeline.plan import Plan
from weighbridge.pipeline.result import Result
from weighbridge.validation.agreement import agreement
from weighbridge.validation.verifier import LONGEST_REPLY_TOKENS, question, read_reply


async def probed(result: Result, draft: Draft, plan: Plan, house: House) -> Result:
    """The result with the confidence that the task asks for. An answer that is not valid is not worth a call.

    Where a probe fails, or there is no money or permission for one, confidence is unknown.
    """
    source = plan.task.confidence.source
    if source is ConfidenceSource.LOGPROBS or result.response is None or not result.verdict.is_valid:
        return result
    probing = _Probing(draft, plan, house)
    try:
        if source is ConfidenceSource.SAMPLES:
            sure, kind = await probing.agreement(result.model, result.response), ConfidenceKind.AGREEMENT
        else:
            sure, kind = await probing.verified(result.response), ConfidenceKind.VERIFIER
    except BaseException:
        cut_short = replace(result, probes=tuple(probing.made))
        draft.attempts.append(cut_short.told(Step(StepKind.REFUSE, "cancelled")))
        raise
    verdict = replace(result.verdict, confidence=sure, confidence_kind=None if sure is None else kind)
    return replace(result, verdict=verdict, probes=tuple(probing.made))


class _Probing:
    """The extra calls about one answer."""

    def __init__(self, draft: Draft, plan: Plan, house: House) -> None:
        self._draft, self._plan = draft, plan
        self.made: list[Probe] = []
        self._aside = Aside(draft, house, plan.task.name, plan.deadline, self.made)

    async def agreement(self, model: PortfolioModel, answer: Response) -> float | None:
        """How far further samples of the same model say the same."""
        rule = self._plan.task.confidence
        request = self._plan.final_request(self._draft.request, model)
        sampling = replace(request.sampling, temperature=rule.temperature, seed=None)
        request = replace(request, sampling=sampling, body=None, choices=1, is_stream=False, wants_logprobs=False)
        size = self._plan.estimate(model)
        async with asyncio.TaskGroup() as group:
            calls = [
                group.create_task(self._aside.call(ProbeKind.SAMPLE, model, request, size))
                for _ in range(rule.samples - 1)
            ]
        answers = [call.result() for call in calls]
        return agreement(answer.text, [other.text for other in answers if other is not None])

    async def verified(self, answer: Response) -> float | None:
        """What the task's verifier says."""
        model = self._plan.verifier
        if model is None:
            return None
        messages = question(self._plan.packed.messages, answer.text)
        request = Request(messages, max_output_tokens=LONGEST_REPLY_TOKENS, sampling=Sampling(temperature=0.0))
        size = self._plan.sized(request, model)
        if size.input_tokens + size.output_tokens > model.context_window_tokens:
            return None
        reply = await self._aside.call(ProbeKind.VERIFIER, model, replace(request, output=TEXT_OUTPUT), size)
        return None if reply is None else read_reply(reply.text)
