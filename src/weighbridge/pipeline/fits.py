"""What the hosts of a portfolio can be told of one request."""

from weighbridge.dialects.fitting import fit
from weighbridge.dialects.parameters import unknown_in, unknown_parameter
from weighbridge.domain.decision import Decision, DropReason
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.fit import Fit, OnUnknown, ParameterRule
from weighbridge.domain.policy import Policy, PortfolioModel
from weighbridge.domain.request import Request

UNTELLING = frozenset({DropReason.NOT_IN_SELECTION_RECORD, DropReason.NOT_PINNED, DropReason.NOT_DRAWN})
"""Such models were never meant to serve: why one of them could not says nothing."""


class Fits:
    """One request held against hosts, each at most once."""

    def __init__(self, request: Request, rule: ParameterRule, policy: Policy) -> None:
        self._request, self._rule, self._policy = request, rule, policy
        self._found: dict[str, Fit] = {}

    def of(self, model: PortfolioModel) -> Fit:
        """At the host of `model`."""
        found = self._found.get(model.name)
        if found is None:
            dialect = self._policy.hosts[model.host].dialect
            found = self._found[model.name] = fit(self._request, model, dialect, self._rule)
        return found

    def refusal(self, decision: Decision) -> InvalidFieldError | None:
        """The caller's own mistake, where nothing else keeps the models that were meant from serving."""
        meant = [item for item in decision.candidates if item.reason not in UNTELLING]
        if not meant or any(item.reason is not DropReason.CANNOT_CARRY for item in meant):
            return None
        return self.of(self._policy.models[meant[0].model]).refusal


def unknown_to(request: Request, rule: ParameterRule) -> tuple[str, ...]:
    """Fields that nobody knows and that the caller hears of. Raises UnknownParameterError where the task takes none."""
    if rule.unknown is OnUnknown.PASS:
        return ()
    unknown = unknown_in(request)
    if unknown and rule.unknown is OnUnknown.REJECT:
        raise unknown_parameter(unknown[0], request.dialect)
    return unknown
