"""The operator's own checks on an answer: Python functions of the entry-point group `weighbridge.checks`."""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import entry_points

from weighbridge.domain.check import Check, CheckContext
from weighbridge.domain.verdict import Finding, FindingCode, VerdictStatus
from weighbridge.pipeline.plan import Plan
from weighbridge.pipeline.result import Result
from weighbridge.validation.schema import shorten

GROUP = "weighbridge.checks"
WITHIN_S = 2.0
"""A check that takes longer counts as failed. Its thread runs on: Python cannot stop it."""
MOST_FINDINGS = 10
LONGEST_CHARS = 300

log = logging.getLogger("weighbridge.checks")


def installed_checks() -> Mapping[str, str]:
    """Name → where it comes from, as `package.module:function`."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def load_check(name: str) -> Check:
    """The function. Raises ImportError with the reason when it cannot be had."""
    for point in entry_points(group=GROUP, name=name):
        try:
            check: Check = point.load()
        except Exception as error:  # whatever a stranger's module does while it is imported
            raise ImportError(f"{point.value} cannot be imported: {type(error).__name__}") from error
        if not callable(check):
            raise ImportError(f"{point.value} is not a function")
        return check
    raise ImportError(f"no installed package has it; there are {', '.join(installed_checks()) or 'none'}")


async def checked(result: Result, plan: Plan) -> Result:
    """The result after the task's own checks. Only an answer that is valid so far is worth their time."""
    names = plan.task.contract.checks
    if not names or result.response is None or not result.verdict.is_valid:
        return result
    context = CheckContext(plan.task.name, plan.material.asked, plan.material.sources)
    findings: list[Finding] = []
    for choice in result.response.choices:
        for name in names:
            findings += await _ask(name, plan.checks[name], choice.text, context)
    if not findings:
        return result
    verdict = replace(result.verdict, status=VerdictStatus.INVALID, findings=tuple(findings[:MOST_FINDINGS]))
    return replace(result, verdict=verdict)


async def _ask(name: str, check: Check, text: str, context: CheckContext) -> list[Finding]:
    try:
        told = await asyncio.wait_for(asyncio.to_thread(lambda: list(_sentences(check(text, context)))), WITHIN_S)
    except TimeoutError:
        told = [f"The check {name!r} did not end within {WITHIN_S:g} s."]
    except Exception as error:  # whatever a stranger's check raises is a finding, never a crash
        log.exception("check %s failed", name)
        told = [f"The check {name!r} could not be made: {type(error).__name__}."]
    return [Finding(FindingCode.CHECK_FAILED, shorten(sentence, LONGEST_CHARS), name) for sentence in told]


def _sentences(told: str | Iterable[str] | None) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif told is not None:
        for sentence, _ in zip(told, range(MOST_FINDINGS), strict=False):
            yield str(sentence)
