"""The composed gateway: the policy in force and the edges. `wire.py` builds it; `run.py` walks through it."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from weighbridge.budget.lengths import OutputLengths
from weighbridge.budget.rates import OwnRates
from weighbridge.budget.undercount import Undercounts
from weighbridge.classify.classify import Nearest
from weighbridge.domain.caller import Caller
from weighbridge.domain.check import Check
from weighbridge.domain.drift import Demotion
from weighbridge.domain.policy import Policy
from weighbridge.domain.proof import ProofStanding
from weighbridge.domain.shadow import Served
from weighbridge.pipeline.admission import Admission
from weighbridge.pipeline.ports import (
    Audit,
    Cache,
    Clock,
    Drift,
    Health,
    Ledger,
    Providers,
    Rates,
    Records,
    Reviews,
    Webhooks,
)
from weighbridge.pipeline.ports_evidence import Pages, Sources, States, Tools
from weighbridge.pipeline.waiting import Waiting

MOST_SHADOWED = 100
"""Answers that wait for a challenger: with more of them the oldest are not looked at."""


@dataclass(frozen=True, slots=True)
class InForce:
    """One policy and what is derived from it once, at load. A reload swaps the whole value."""

    policy: Policy
    """The policy."""
    nearest: Nearest
    """Its labelled examples, indexed."""
    checks: Mapping[str, Check]
    """The operator's own checks that its tasks name."""
    proofs: Mapping[tuple[str, str], ProofStanding]
    """Task and model → what its proof says under this policy, for tasks with a quality gate."""
    callers: Mapping[bytes, Caller]
    """sha256 of a gateway key → who holds it; empty when no keys are declared."""


@dataclass(slots=True)
class House:
    """Everything one gateway needs to serve. What changes is said so."""

    in_force: InForce
    """What decides from the next request on."""
    providers: Providers
    """The network."""
    health: Health
    """Which models are left alone for now."""
    ledger: Ledger
    """The money."""
    records: Records
    """The memory."""
    admission: Admission
    """Who may come in."""
    audit: Audit
    """What was done."""
    reviews: Reviews
    """What people have to decide."""
    drift: Drift
    """What traffic shows of proved models."""
    sources: Sources
    """The documents."""
    cache: Cache
    """Answers that may be given again."""
    states: States
    """What stands for older parts of conversations."""
    pages: Pages
    """Who has documents to fetch."""
    tools: Tools
    """Who knows live state."""
    webhooks: Webhooks
    """Who is told of decisions."""
    clock: Clock
    """The time."""
    chance: Callable[[], float]
    """Draws evenly from 0 to 1, so that retries do not come in step."""
    new_id: Callable[[], str]
    """Makes record identifiers."""
    rates: Rates = field(default_factory=OwnRates)
    """What was let in of late."""
    lengths: OutputLengths = field(default_factory=OutputLengths)
    """How long answers are, by task."""
    undercounts: Undercounts = field(default_factory=Undercounts)
    """How far providers' counts lie above ours, by model."""
    flights: dict[str, asyncio.Event] = field(default_factory=dict)
    """Answers that are being made and will be kept, by what decides them: equal requests wait."""
    queued: int = 0
    """Calls that wait for room in a budget."""
    demotions: Mapping[tuple[str, str], Demotion] = field(default_factory=dict)
    """Task and model → what ended its proof; `watch.py` swaps the whole mapping."""
    shadowed: deque[Served] = field(default_factory=lambda: deque(maxlen=MOST_SHADOWED))
    """Answers that a challenger is still to be held against; `shadow.py` fills and empties it."""
    waiting: Waiting = field(default_factory=Waiting)
    """Calls that wait for a person."""
