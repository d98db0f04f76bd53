"""Contracts in the whole pipeline: mended, cited, checked by the operator, asked of the host."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from make import a_model, a_policy, a_request, a_response, a_task
from pipeline.scripted import Script, gateway_on, only_record
from weighbridge.domain.attempt import StepKind
from weighbridge.domain.caller import ANONYMOUS
from weighbridge.domain.check import Check, CheckContext
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.levels import Risk
from weighbridge.domain.material import Source
from weighbridge.domain.outcome import Outcome
from weighbridge.domain.request import OutputFormat, Request
from weighbridge.domain.task import CitationRule, Contract, Limits, StreamMode
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import Tidying
from weighbridge.pipeline.house import House
from weighbridge.pipeline.run import run
from weighbridge.pipeline.wire import derive

LABELS = Contract(labels=("invoice", "legal"), synonyms=(("bill", "invoice"),))
SOURCES = (Source("new", "Uptime is 99.9 %."), Source("old", "Uptime was 99.5 %.", is_deprecated=True))


def asked(**changes: Any) -> Request:
    return a_request("What uptime do we promise?", task="tag", risk=Risk.LOW, **changes)


def said(text: str) -> Any:
    return a_response(text, usage=Usage(10, 1))


async def test_an_answer_of_the_wrong_form_is_mended_without_another_call(tmp_path: Path) -> None:
    script = Script(fast_small=[said("Label: Bill.")])
    async with gateway_on(script, a_policy(a_task(contract=LABELS)), tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert (outcome.text, script.calls) == ("invoice", ["fast-small"])
    assert outcome.record.attempts[0].verdict.tidied == (Tidying.SYNONYM,)


async def test_what_mending_does_not_make_valid_is_told_to_the_model_as_it_wrote_it(tmp_path: Path) -> None:
    schema = '{"type": "object", "properties": {"label": {"enum": ["a"]}}, "required": ["label"]}'
    script = Script(fast_small=[said('```\n{"label": "b"}\n```'), said('{"label": "a"}')])
    policy = a_policy(a_task(contract=Contract(schema_json=schema), limits=Limits(max_repairs=1)))
    async with gateway_on(script, policy, tmp_path) as house:
        outcome = await run(asked(), ANONYMOUS, house)
    assert [item.step.kind for item in outcome.record.attempts] == [StepKind.REPAIR, StepKind.ACCEPT]
    assert script.requests[1].messages[-2].text.startswith("```")


async def test_a_source_that_is_out_of_date_is_shown_as_such_and_may_not_be_cited(tmp_path: Path) -> None:
    script = Script(fast_small=[said("99.5 % [old]")], frontier_reasoning=[said("99.9 % [new]")])
    policy = a_policy(a_task(contract=Contract(citations=CitationRule())))
    async with gateway_on(script, policy, tmp_path) as house:
        outcome = await run(asked(sources=SOURCES), ANONYMOUS, house)
    assert outcome.text == "99.9 % [new]"
    assert outcome.record.attempts[0].verdict.findings[0].code == "citation_deprecated"
    prompt = script.requests[0].messages[-1].text
    assert '<source id="new" authority="supporting" status="current">\nUptime is 99.9 %.\n</source>' in prompt
    assert 'id="old" authority="supporting" status="deprecated">' in prompt
    assert prompt.endswith("What uptime do we promise?")


def never_says_no(answer: str, context: CheckContext) -> str | None:
    return f"Do not say no to {context.asked}" if answer == "no" else None


def raises(answer: str, context: CheckContext) -> None:
    raise RuntimeError("secret of the check")


def sleeps(answer: str, context: CheckContext) -> Iterator[str]:
    Event().wait(2.3)
    yield "late"


async def with_check(check: Check, script: Script, folder: Path) -> Outcome:
    policy = a_policy(a_task(contract=Contract(checks=("own",))))
    async with gateway_on(script, a_policy(), folder) as house:
        return await _asked_under(house, replace(house.in_force, policy=policy, checks={"own": check}))


async def _asked_under(house: House, in_force: Any) -> Outcome:
    house.in_force = in_force
    return await run(asked(), ANONYMOUS, house)


async def test_the_operators_own_check_decides_too(tmp_path: Path) -> None:
    script = Script(fast_small=[said("no")], frontier_reasoning=[said("yes")])
    outcome = await with_check(never_says_no, script, tmp_path)
    finding = outcome.record.attempts[0].verdict.findings[0]
    assert (outcome.text, finding.code, finding.place) == ("yes", "check_failed", "own")


@pytest.mark.parametrize(("check", "words"), [(raises, "RuntimeError"), (sleeps, "did not end within 2 s")])
async def test_a_check_that_breaks_or_hangs_is_a_finding_and_never_a_crash(
    tmp_path: Path, check: Check, words: str
) -> None:
    script = Script(fast_small=[said("no")], frontier_reasoning=[said("no"), said("no")])
    policy = a_policy(a_task(contract=Contract(checks=("own",)), safe_answer="sorry"))
    async with gateway_on(script, a_policy(), tmp_path) as house:
        outcome = await _asked_under(house, replace(house.in_force, policy=policy, checks={"own": check}))
    message = outcome.record.attempts[0].verdict.findings[0].message
    assert outcome.text == "sorry"
    assert words in message
    assert "secret" not in message


async def test_a_caller_that_leaves_during_a_check_leaves_the_cost_in_the_record(tmp_path: Path) -> None:
    policy = a_policy(a_task(contract=Contract(checks=("own",))))
    async with gateway_on(Script(fast_small=[said("yes")]), a_policy(), tmp_path) as house:
        in_force = replace(house.in_force, policy=policy, checks={"own": sleeps})
        call = asyncio.create_task(_asked_under(house, in_force))
        await asyncio.sleep(0.1)
        call.cancel()
        await asyncio.wait({call})
        record = await only_record(house)
    assert (record.status, len(record.attempts), record.usage) == ("cancelled", 1, Usage(10, 1))


def test_a_check_that_nobody_installed_is_told_when_the_policy_is_loaded() -> None:
    with pytest.raises(ConfigError, match="no installed package has it"):
        derive(a_policy(a_task(contract=Contract(checks=("nowhere",)))))


def test_a_language_that_cannot_be_told_is_told_when_the_policy_is_loaded() -> None:
    with pytest.raises(ConfigError, match="'xx' is not"):
        derive(a_policy(a_task(contract=Contract(languages=("xx",)))))


def test_checks_in_python_and_live_streams_do_not_go_together() -> None:
    with pytest.raises(ConfigError, match="before an answer is shown"):
        derive(a_policy(a_task(contract=Contract(checks=("nowhere",)), stream=StreamMode.LIVE)))


@pytest.mark.parametrize("can", [True, False])
async def test_a_host_that_can_hold_its_model_to_the_schema_is_asked_to(tmp_path: Path, can: bool) -> None:
    contract = Contract(schema_json='{"type": "object"}')
    policy = a_policy(a_task(contract=contract))
    model = a_model() if can else a_model(capabilities=frozenset())
    script = Script(fast_small=[said("{}")])
    async with gateway_on(script, replace(policy, models={**policy.models, "fast-small": model}), tmp_path) as house:
        await run(asked(), ANONYMOUS, house)
    wanted = OutputFormat("json_schema", contract.schema_json) if can else OutputFormat("text")
    assert script.requests[0].output == wanted
