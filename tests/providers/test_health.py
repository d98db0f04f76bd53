from weighbridge.providers.clock import ManualClock
from weighbridge.providers.health import LONGEST_COOLING_S, Cooldowns


def failing(times: int, retry_after_s: float | None = None) -> tuple[Cooldowns, ManualClock]:
    clock = ManualClock()
    health = Cooldowns(clock)
    for _ in range(times):
        health.note_failure("m", retry_after_s)
    return health, clock


def test_nothing_cools_down_at_first() -> None:
    assert Cooldowns(ManualClock()).cooling_down() == {}


def test_two_failures_are_forgiven_and_three_are_not() -> None:
    assert failing(2)[0].cooling_down() == {}
    assert failing(3)[0].cooling_down() == {"m": 5.0}


def test_each_further_failure_doubles_the_time_up_to_a_bound() -> None:
    assert failing(4)[0].cooling_down() == {"m": 10.0}
    assert failing(5)[0].cooling_down() == {"m": 20.0}
    assert failing(500)[0].cooling_down() == {"m": LONGEST_COOLING_S}


def test_a_provider_that_names_a_time_is_left_alone_so_long() -> None:
    assert failing(1, retry_after_s=30)[0].cooling_down() == {"m": 30.0}
    assert failing(1, retry_after_s=86_400)[0].cooling_down() == {"m": LONGEST_COOLING_S}
    assert failing(1, retry_after_s=0)[0].cooling_down() == {}


def test_a_shorter_hint_does_not_shorten_the_time() -> None:
    health, _ = failing(1, retry_after_s=30)
    health.note_failure("m", 1)
    assert health.cooling_down() == {"m": 30.0}


def test_time_passes_and_the_model_may_be_tried_again() -> None:
    health, clock = failing(3)
    clock.advance(4)
    assert health.cooling_down() == {"m": 1.0}
    clock.advance(1)
    assert health.cooling_down() == {}


def test_a_failure_after_cooling_down_cools_longer() -> None:
    health, clock = failing(3)
    clock.advance(5)
    health.note_failure("m", None)
    assert health.cooling_down() == {"m": 10.0}


def test_a_success_forgets_everything() -> None:
    health, _ = failing(4)
    health.note_success("m")
    health.note_failure("m", None)
    assert health.cooling_down() == {}


def test_models_cool_down_one_by_one() -> None:
    health, _ = failing(3)
    health.note_failure("other", None)
    health.note_success("third")
    assert set(health.cooling_down()) == {"m"}
