"""Record identifiers: `rec_` and a ULID, so that the order of the text is the order of time."""

from os import urandom
from typing import Protocol

PREFIX = "rec_"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""

RANDOM_BYTES = 10
RANDOM_BITS = 80

_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_TIME_SHIFTS = (40, 30, 20, 10, 0)
_RANDOM_SHIFTS = (70, 60, 50, 40, 30, 20, 10, 0)


class Clock(Protocol):
    """The part of a clock that identifiers need."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...


def new_record_id(now_s: float, chance: bytes) -> str:
    """The identifier of a record that begins at `now_s` (seconds since the epoch), with 10 bytes of randomness.

    48 bits of milliseconds and 80 of chance as 26 characters, as https://github.com/ulid/spec has it.
    """
    return PREFIX + _time_text(int(now_s * 1000)) + _random_text(int.from_bytes(chance[:RANDOM_BYTES], "big"))


class RecordIds:
    """Makes identifiers that only grow: within a millisecond, or when the clock steps back, the last one plus one.

    Belongs to one event loop; two processes get distinct identifiers by chance (80 bits).
    """

    __slots__ = ("_clock", "_milliseconds", "_random", "_time_text")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._milliseconds = -1
        self._random = 0
        self._time_text = ""

    def __call__(self) -> str:
        """The next identifier."""
        milliseconds = int(self._clock.now() * 1000)
        if milliseconds > self._milliseconds:
            self._begin(milliseconds)
        elif self._random + 1 < 1 << RANDOM_BITS:
            self._random += 1
        else:
            self._begin(self._milliseconds + 1)
        return self._time_text + _random_text(self._random)

    def _begin(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds
        self._time_text = PREFIX + _time_text(milliseconds)
        self._random = int.from_bytes(urandom(RANDOM_BYTES), "big")


def _time_text(milliseconds: int) -> str:
    return "".join([_PAIRS[milliseconds >> shift & 1023] for shift in _TIME_SHIFTS])


def _random_text(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in _RANDOM_SHIFTS])
