"""Which hosts can be called, and that a new row of the same name takes effect."""

from typing import Any

import pytest

from make import a_model, a_request
from weighbridge.domain.errors import ProviderRejectedError
from weighbridge.domain.policy import Host
from weighbridge.providers.clock import ManualClock
from weighbridge.providers.hosts import HostCalls, check_host


def a_host(**changes: Any) -> Host:
    fields: dict[str, Any] = {"name": "h", "provider": "p", "dialect": "openai_chat", "base_url": "https://x/v1"}
    return Host(**(fields | changes))


def simulated(**options: object) -> Host:
    return a_host(dialect="simulated", base_url=None, options=options)


GOOD = {
    "https": a_host(),
    "http": a_host(base_url="http://localhost:8080"),
    "simulated": simulated(),
    "simulated with options": simulated(latency_s=1, answers=[{"contains": "x", "answer": "y"}], simulate="timeout"),
}


@pytest.mark.parametrize("host", GOOD.values(), ids=GOOD)
def test_a_host_that_can_be_called_has_no_problems(host: Host) -> None:
    assert check_host(host) == []


BAD = {
    "dialect must be one of openai_chat, openai_responses": a_host(dialect="morse"),
    "base_url: it is missing": a_host(base_url=None),
    "base_url: it must begin with http": a_host(base_url="x.com/v1"),
    "options are for simulated and local hosts only": a_host(options={"seed": 1}),
    "'latency' is no option; valid are latency_s,": simulated(latency=1),
    "latency_s: Input should be greater than or equal to 0": simulated(latency_s=-1),
    "seed: Input should be a valid integer": simulated(seed="one"),
    "simulate: Value error, 'nonsense' is no directive": simulated(simulate="nonsense"),
    "answers.0.answer: Field required": simulated(answers=[{"contains": "x"}]),
}


@pytest.mark.parametrize("problem", BAD)
def test_a_host_that_cannot_be_called_has_a_problem(problem: str) -> None:
    (found,) = check_host(BAD[problem])
    assert found.startswith(problem)


@pytest.mark.parametrize("host", BAD.values(), ids=BAD)
async def test_calling_it_all_the_same_is_an_error_of_its_row(host: Host) -> None:
    calls = HostCalls(ManualClock())
    with pytest.raises(ProviderRejectedError, match="The host 'h' cannot be called") as caught:
        await calls.call(host, a_model(), a_request(), 5)
    assert not caught.value.may_have_cost
    stream = calls.stream(host, a_model(), a_request(), 5)
    with pytest.raises(ProviderRejectedError):
        await anext(stream)


def test_all_problems_are_found_at_once() -> None:
    assert len(check_host(simulated(latency=1, seed="x", tokens_per_s=0))) == 3


async def test_a_new_row_of_the_same_name_takes_effect() -> None:
    calls = HostCalls(ManualClock())
    for answer in ("one", "two"):
        response = await calls.call(simulated(answer=answer), a_model(), a_request(), 5)
        assert response.text == answer
