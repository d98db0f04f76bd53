"""Who is asking."""

from dataclasses import dataclass

from weighbridge.domain.levels import Sensitivity


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a gateway key, or the one anonymous caller of a loopback gateway."""

    name: str
    """The key's name in the config; never the key."""
    sensitivity: Sensitivity | None = None
    """The level all of this caller's content has at least."""
    may_pin: bool = True
    """May ask for a portfolio model by name instead of a task."""
    tasks: frozenset[str] | None = None
    """The tasks this caller may use; `None` for all."""
    may_audit: bool = False
    """May read every caller's records; without it only its own."""
    may_review: bool = False
    """May decide on the answers of its tasks that wait for a person."""
    team: str | None = None
    """The team it belongs to, for budgets."""
    models: frozenset[str] | None = None
    """The models that may serve this caller; `None` for all that its tasks name."""
    may_admin: bool = False
    """May make and revoke keys, and read the audit log."""
    may_edit_sources: bool = False
    """May add and remove documents, and search them whoever they are for."""


ANONYMOUS = Caller("anonymous", may_audit=True, may_review=True, may_admin=True, may_edit_sources=True)
"""Whoever calls a gateway that declares no keys: it listens on loopback only."""
EVALUATION = Caller("_evaluation", may_audit=True)
"""Whoever measures models; no key can be called like this. Its records are no traffic."""
INDEXING = Caller("_indexing", may_pin=False)
"""Whoever makes vectors of documents; no key can be called like this. Its records are no traffic."""
SHADOW = "_shadow"
"""In whose name a challenger and its judge are called; no key can be called like this. Its records are no traffic."""
OWN = frozenset({EVALUATION.name, INDEXING.name, SHADOW})
"""In whose names the gateway itself calls models: their records are no traffic."""
