"""The timer of a connection, on a loop whose time the test sets."""

import asyncio
from collections.abc import Callable
from typing import cast

from weighbridge.domain.errors import ProviderTimeoutError
from weighbridge.providers.http1_patience import Patience


class Timer:
    """What `call_at` gives."""

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when, self.callback, self.is_cancelled = when, callback, False

    def cancel(self) -> None:
        self.is_cancelled = True


class Time:
    """The part of an event loop that a timer needs."""

    def __init__(self) -> None:
        self.now, self.timers = 0.0, list[Timer]()

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(when, callback))
        return self.timers[-1]

    def go_to(self, moment: float) -> None:
        """Let time pass and timers go off."""
        while (due := [timer for timer in self.timers if not timer.is_cancelled]) and due[0].when <= moment:
            self.now = max(self.now, due[0].when)
            self.timers.remove(due[0])
            due[0].callback()
        self.now = moment


def begun(deadline: float) -> tuple[Patience, Time, list[str]]:
    time, said = Time(), list[str]()

    def give_up(error: ProviderTimeoutError) -> None:
        said.append(error.condition)

    patience = Patience(cast("asyncio.AbstractEventLoop", time), "host", 10.0, give_up)
    patience.begin(deadline)
    return patience, time, said


def test_the_deadline_ends_it_whatever_was_heard() -> None:
    patience, time, said = begun(25)
    for moment in range(1, 24):
        time.go_to(moment)
        patience.hear()
    assert said == []
    time.go_to(25)
    assert said == ["host did not answer within 25.0 s."]


def test_silence_ends_it_before_the_deadline() -> None:
    patience, time, said = begun(100)
    time.go_to(4)
    patience.hear()
    time.go_to(13.9)
    assert said == []
    time.go_to(14)
    assert said == ["host sent nothing for 10 s."]


def test_while_nobody_listens_silence_does_not_count_and_the_timer_rests() -> None:
    patience, time, said = begun(100)
    patience.is_paused = True
    time.go_to(35)
    assert said == []
    assert [timer.when for timer in time.timers] == [40]


def test_an_exchange_that_is_over_has_no_timer() -> None:
    patience, time, said = begun(5)
    patience.end()
    time.go_to(50)
    assert said == []


def test_the_time_left_can_be_shortened_and_not_extended() -> None:
    patience, time, said = begun(5)
    patience.shorten(60)
    patience.shorten(1)
    time.go_to(1)
    assert said == ["host did not answer within 1.0 s."]
