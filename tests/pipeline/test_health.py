"""What one gateway finds failing, the others leave alone; by address and key, whatever their configs call it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import pytest

from databases import redis_url
from make import a_model, a_policy
from relay import a_relay
from weighbridge.domain.errors import (
    HostUnreachableError,
    ProviderError,
    ProviderRateLimitedError,
    ProviderUnavailableError,
)
from weighbridge.domain.policy import CounterSettings, Host, Policy, StoreSettings
from weighbridge.domain.rest import Rest
from weighbridge.domain.secret import Secret
from weighbridge.pipeline.health import identity, inward, outward
from weighbridge.pipeline.house import House
from weighbridge.pipeline.wire import open_house
from weighbridge.providers.breaker import Breaker
from weighbridge.providers.circuit import FAILURES_IN_A_ROW, FIRST_REST_S
from weighbridge.providers.clock import ManualClock

FAR = Host("far", "somebody", "openai_chat", base_url="https://far.example/v1", credential=Secret("${env:K}", "k-1"))
ONE, TWO = a_model("one", host="far", upstream_name="up-1"), a_model("two", host="far", upstream_name="up-2")
GONE = ProviderUnavailableError("x")


def a_portfolio(host: Host = FAR, **names: str) -> Policy:
    models = [replace(model, name=names.get(model.name, model.name), host=host.name) for model in (ONE, TWO)]
    policy = a_policy(hosts={"simulated": Host("simulated", "simulated", "simulated"), host.name: host})
    return replace(policy, models={**policy.models, **{model.name: model for model in models}})


class Gateway:
    """One breaker under one policy, with a clock that it shares with the others."""

    def __init__(self, clock: ManualClock, policy: Policy | None = None) -> None:
        self.policy = policy or a_portfolio()
        self.breaker = Breaker(clock)

    def fails(self, model: str = "one", error: ProviderError = GONE, times: int = FAILURES_IN_A_ROW) -> None:
        for _ in range(times):
            assert self.breaker.admit(self.policy.models[model])
            self.breaker.note_failure(self.policy.models[model], error)

    def resting(self) -> dict[str, float]:
        return dict(self.breaker.cooling_down(self.policy.models.values()))


class Board:
    """Where gateways tell each other, in this process: the longest rest of each."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.until = clock, dict[Rest, float]()

    def meet(self, *gateways: Gateway) -> None:
        """Each tells and hears, in turn."""
        for gateway in gateways:
            self._tell(list(outward(gateway.breaker.found(), gateway.policy)))
            now = self.clock.monotonic()
            heard = [replace(rest, wait_s=until - now) for rest, until in self.until.items() if until > now]
            gateway.breaker.hear([*inward(heard, gateway.policy)])

    def _tell(self, found: Sequence[Rest]) -> None:
        for rest in found:
            key = replace(rest, wait_s=0.0)
            self.until[key] = max(self.until.get(key, 0.0), self.clock.monotonic() + rest.wait_s)


def three() -> tuple[ManualClock, Board, Gateway, Gateway]:
    clock = ManualClock()
    return clock, Board(clock), Gateway(clock), Gateway(clock)


def test_what_one_finds_failing_rests_at_the_other() -> None:
    _, board, one, other = three()
    one.fails()
    board.meet(one, other)
    assert one.resting() == other.resting() == {"one": pytest.approx(FIRST_REST_S)}
    assert not other.breaker.admit(ONE)
    assert other.breaker.admit(TWO)


def test_a_host_rests_with_all_its_models() -> None:
    _, board, one, other = three()
    one.fails(error=HostUnreachableError("x"))
    board.meet(one, other)
    assert other.resting() == {name: pytest.approx(FIRST_REST_S) for name in ("one", "two")}


def test_what_comes_back_late_from_where_it_was_told_does_not_make_the_rest_longer() -> None:
    clock, _, one, _ = three()
    one.fails()
    told = one.breaker.found()
    clock.advance(0.2)  # on its way to the other gateways and back
    one.breaker.hear(told)
    assert one.resting() == {"one": pytest.approx(FIRST_REST_S - 0.2)}


def test_after_the_rest_each_gateway_lets_one_call_try() -> None:
    clock, board, one, other = three()
    one.fails()
    board.meet(one, other)
    clock.advance(FIRST_REST_S + 0.01)
    board.meet(one, other)
    assert [other.breaker.admit(ONE) for _ in range(3)] == [True, False, False]


def test_what_only_asked_to_wait_is_not_tried_by_one_call_first() -> None:
    clock, board, one, other = three()
    one.fails(error=ProviderRateLimitedError("x", retry_after_s=5.0), times=1)
    board.meet(one, other)
    assert other.resting() == {"one": pytest.approx(5.0)}
    clock.advance(5.01)
    board.meet(one, other)
    assert [other.breaker.admit(ONE) for _ in range(3)] == [True] * 3


def test_who_tries_it_too_early_at_one_gateway_keeps_it_resting_at_the_other() -> None:
    clock, board, one, other = three()
    one.fails()
    board.meet(one, other)
    clock.advance(FIRST_REST_S + 0.01)
    other.fails(times=1)  # its probe
    board.meet(other, one)
    assert one.resting() == other.resting() == {"one": pytest.approx(2 * FIRST_REST_S)}


def test_what_was_only_heard_of_is_not_told_again() -> None:
    _, board, one, other = three()
    one.fails()
    board.meet(one, other)
    assert other.resting()
    assert other.breaker.found() == []


def test_telling_it_again_and_again_does_not_stretch_a_rest() -> None:
    clock, board, one, other = three()
    one.fails()
    for _ in range(10):
        board.meet(one, other)
        clock.advance(0.1)
    assert other.resting() == {"one": pytest.approx(FIRST_REST_S - 1.0)}


def test_gateways_with_other_names_for_the_same_mean_the_same() -> None:
    clock = ManualClock()
    board, one = Board(clock), Gateway(clock)
    other = Gateway(clock, a_portfolio(replace(FAR, name="there"), one="the-first"))
    one.fails()
    board.meet(one, other)
    assert other.resting() == {"the-first": pytest.approx(FIRST_REST_S)}


@pytest.mark.parametrize(
    "host",
    [
        replace(FAR, base_url="https://elsewhere.example/v1"),
        replace(FAR, credential=Secret("${env:K}", "k-2")),
        Host("far", "simulated", "simulated"),
    ],
    ids=["another address", "another key", "inside the gateway"],
)
def test_another_host_is_none_of_its_business(host: Host) -> None:
    clock = ManualClock()
    board, one, other = Board(clock), Gateway(clock), Gateway(clock, a_portfolio(host))
    one.fails()
    board.meet(one, other)
    assert other.resting() == {}


def test_nobody_is_told_of_hosts_inside_the_gateway() -> None:
    clock = ManualClock()
    one = Gateway(clock, a_portfolio(Host("far", "simulated", "simulated")))
    one.fails()
    assert [*outward(one.breaker.found(), one.policy)] == []


def test_an_identity_tells_neither_address_nor_key() -> None:
    assert "far" not in identity(FAR)
    assert "k-1" not in identity(FAR)
    assert len(identity(FAR)) == 16


@asynccontextmanager
async def gateways_at(address: str, folder: Path) -> AsyncIterator[tuple[House, House]]:
    """Two whole gateways that share a server, and a host that no other test has."""
    policy = a_portfolio(replace(FAR, base_url=f"https://{token_hex(8)}.example/v1"))
    counters = CounterSettings(Secret("${env:COUNTERS}", address))
    one, other = (
        replace(policy, counters=counters, store=StoreSettings(str(folder / f"{name}.db"))) for name in ("one", "other")
    )
    async with open_house(one) as first, open_house(other) as second:
        yield first, second


def rests(house: House) -> bool:
    return "one" in house.health.cooling_down(house.in_force.policy.models.values())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.05)


def fail(house: House) -> None:
    for _ in range(FAILURES_IN_A_ROW):
        house.health.note_failure(ONE, ProviderRateLimitedError("x", retry_after_s=30.0))


async def test_whole_gateways_tell_each_other_on_a_real_server(tmp_path: Path) -> None:
    async with gateways_at(redis_url(), tmp_path) as (one, other):
        fail(one)
        assert not rests(other)
        await until(lambda: rests(other))


async def test_while_the_server_is_away_each_finds_out_for_itself(tmp_path: Path) -> None:
    with a_relay(urlsplit(redis_url()).port or 6379) as network:
        async with gateways_at(f"redis://127.0.0.1:{network.port}/0", tmp_path) as (one, other):
            network.cut()
            fail(one)
            await asyncio.sleep(1.5)
            assert rests(one)
            assert not rests(other)
            network.mend()
            await until(lambda: rests(other))
