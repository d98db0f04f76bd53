"""`Breaker`: which models are left alone for now, from what became of the calls before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from weighbridge.domain.errors import Blame, ProviderError
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.rest import Rest
from weighbridge.providers.circuit import Circuit, admitted, failed, given_back, succeeded
from weighbridge.providers.clock import Clock

MOST_CIRCUITS = 10_000
"""Kept at once; only models and hosts with a stain have one, so this is reached by reloads under new names only."""

_NOTHING: Mapping[str, float] = {}
_Key = tuple[str, str | None]


class Breaker:
    """Satisfies `ports.Health`: a circuit for each model on its host, and one for each host.

    What a host is to blame for (no connection, a refused credential) opens the host with all its models; anything
    else opens the model alone. A request that was wrong, and our own limits, open nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._circuits: dict[_Key, Circuit] = {}
        self._own: set[_Key] = set()
        """What rests because of calls from here."""

    def cooling_down(self, models: Iterable[PortfolioModel]) -> Mapping[str, float]:
        """Portfolio name → seconds until a call may pass, for those models that none may call now."""
        if not self._circuits:
            return _NOTHING
        now = self._clock.monotonic()
        waits = {model.name: max(self._circuit(key).wait_s(now) for key in _keys(model)) for model in models}
        return {name: wait_s for name, wait_s in waits.items() if wait_s > 0}

    def admit(self, model: PortfolioModel) -> bool:
        """Ask just before a call; False when it may not go out. Tell afterwards what became of it."""
        if not self._circuits:
            return True
        now = self._clock.monotonic()
        after = {key: admitted(self._circuit(key), now) for key in _keys(model)}
        if None in after.values():
            return False
        for key, circuit in after.items():
            self._keep(key, circuit or Circuit())
        return True

    def note_success(self, model: PortfolioModel) -> None:
        """The model answered."""
        if self._circuits:
            now = self._clock.monotonic()
            for key in _keys(model):
                self._keep(key, succeeded(self._circuit(key), now))

    def note_failure(self, model: PortfolioModel, error: ProviderError) -> None:
        """The call failed. A credential that another can stand in for is not the host's fault yet."""
        blamed = {Blame.MODEL: (model.host, model.name), Blame.HOST: (model.host, None)}.get(error.blame)
        self.note_nothing(model)
        if blamed is not None and not error.can_switch_credential:
            now = self._clock.monotonic()
            circuit = failed(self._circuit(blamed), now, error.retry_after_s)
            self._keep(blamed, circuit)
            if circuit.rests_until > now:
                self._own.add(blamed)

    def note_nothing(self, model: PortfolioModel) -> None:
        """The call was cut short: nothing is known, and the next probe may go."""
        for key in _keys(model):
            if key in self._circuits:
                self._keep(key, given_back(self._circuit(key)))

    def found(self) -> list[Rest]:
        """What rests now because of calls from here."""
        now = self._clock.monotonic()
        self._own = {key for key in self._own if self._circuit(key).rests_until > now}
        return [Rest(*key, self._circuit(key).rests_until - now, self._circuit(key).openings > 0) for key in self._own]

    def hear(self, rests: Sequence[Rest]) -> None:
        """What rests because of calls from elsewhere: nobody calls it from here either, and then one call tries it."""
        now = self._clock.monotonic()
        for rest in rests:
            key = (rest.host, rest.model)
            circuit, until = self._circuit(key), now + rest.wait_s
            if key not in self._own and until > circuit.rests_until:
                openings = max(circuit.openings, int(rest.is_open))
                self._keep(key, replace(circuit, openings=openings, rests_until=until, probe_until=0.0))

    def _circuit(self, key: _Key) -> Circuit:
        return self._circuits.get(key, _SPOTLESS)

    def _keep(self, key: _Key, circuit: Circuit) -> None:
        if circuit.is_spotless:
            self._circuits.pop(key, None)
            return
        if key not in self._circuits and len(self._circuits) >= MOST_CIRCUITS:
            self._circuits.pop(next(iter(self._circuits)))
        self._circuits[key] = circuit


_SPOTLESS = Circuit()


def _keys(model: PortfolioModel) -> tuple[_Key, _Key]:
    return (model.host, model.name), (model.host, None)
