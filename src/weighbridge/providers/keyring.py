"""`Keyring`: the credentials of one host, used in turn; one that was refused or limited rests by itself."""

from typing import Generic, TypeVar

from weighbridge.domain.errors import Blame, ProviderError, ProviderRateLimitedError

LIMITED_REST_S = 5.0
REFUSED_REST_S = 300.0
LONGEST_REST_S = 3_600.0

Key = TypeVar("Key")


class Keyring(Generic[Key]):
    """What each credential is turned into, such as its headers. There is at least one."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = keys
        self._rests_until = [0.0] * len(keys)
        self._next = 0

    def take(self, now: float) -> tuple[int, Key]:
        """The next that does not rest, or the one whose rest ends first; with its number."""
        count = len(self._keys)
        turns = [(self._next + offset) % count for offset in range(count)]
        number = min(turns, key=lambda turn: max(self._rests_until[turn], now))
        self._next = (number + 1) % count
        return number, self._keys[number]

    def note(self, number: int, error: ProviderError, now: float) -> None:
        """Let a credential rest that was refused, has no credit or is limited, and say whether another is awake."""
        if isinstance(error, ProviderRateLimitedError):
            rest_s = LIMITED_REST_S if error.retry_after_s is None else error.retry_after_s
        elif error.blame is Blame.HOST and error.provider_status is not None:
            rest_s = REFUSED_REST_S if error.retry_after_s is None else error.retry_after_s
        else:
            return
        self._rests_until[number] = max(self._rests_until[number], now + min(rest_s, LONGEST_REST_S))
        error.can_switch_credential = any(until <= now for until in self._rests_until)
