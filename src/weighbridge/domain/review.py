"""A review item: an answer that a person decides on, and what was decided."""

from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.levels import Risk
from weighbridge.domain.request import TEXT_OUTPUT, OutputFormat
from weighbridge.domain.verdict import Finding


class ReviewState(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    """Waits for a person."""
    CLAIMED = "claimed"
    """A person has it, until the lock runs out."""
    APPROVED = "approved"
    """The proposed answer was good."""
    CORRECTED = "corrected"
    """A person wrote the answer."""
    REJECTED = "rejected"
    """There is no good answer."""
    EXPIRED = "expired"
    """Nobody decided in time."""

    @property
    def is_final(self) -> bool:
        """Nothing can change any more."""
        return self not in {ReviewState.OPEN, ReviewState.CLAIMED}


class ReviewReason(StrEnum):
    """Why a person was asked."""

    NO_VALID_ANSWER = "no_valid_answer"
    """The ladder was used up."""
    ALWAYS = "always"
    """The task lets no answer out that nobody has seen."""
    DRIFT = "drift"
    """A model lost its proof by what it did in traffic; `proposed` holds the evidence, and there is no answer."""


class ReviewVerb(StrEnum):
    """What a person may do to an item."""

    CLAIM = "claim"
    RELEASE = "release"
    APPROVE = "approve"
    CORRECT = "correct"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class ReviewAct:
    """One thing that a person did."""

    verb: ReviewVerb
    """What."""
    reviewer: str
    """Who: a key's name."""
    at: str
    """When: UTC, RFC 3339."""
    answer: str | None = None
    """The corrected answer, with `correct`."""
    note: str = ""
    """Why, in the reviewer's words."""
    locked_until: str | None = None
    """With `claim`: how long others are kept away, UTC, RFC 3339."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of what was asked, as text."""

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    text: str
    """What it says."""
    is_instruction: bool = False
    """The task's own instructions, put before what the caller sent."""
    is_whole: bool = True
    """Nothing but text was said. False with images and tool traffic, which are not kept as such."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One answer that waits for, or got, a person's decision."""

    id: str
    """`rev_` and a time-ordered identifier."""
    record_id: str
    """The request's record, written in the same transaction."""
    created_at: str
    """UTC, RFC 3339."""
    deadline: str
    """UTC, RFC 3339: when it expires undecided."""
    task: str
    """Whose contract a correction has to keep."""
    risk: Risk
    """As classified."""
    caller: str
    """Who asked; may read the outcome."""
    reason: ReviewReason
    """Why a person is asked."""
    fault: str
    """The code behind the reason, such as a finding's."""
    conversation: tuple[Turn, ...]
    """What the model was sent, instructions included: a person has to read it, whatever the task's storage says. Once
    decided it is kept only where the task keeps content; else it is empty."""
    proposed: str | None
    """The last answer that a model gave; `None` when none came, or when it is not kept any more."""
    findings: tuple[Finding, ...]
    """What validation found in it."""
    output: OutputFormat = TEXT_OUTPUT
    """The shape that the caller wanted: a correction has to have it too."""
    needs_two: bool = False
    """Four eyes: approval or correction counts once a second person approved it."""
    state: ReviewState = ReviewState.OPEN
    """Where it stands."""
    assignee: str | None = None
    """Who has claimed it."""
    locked_until: str | None = None
    """When the claim runs out: UTC, RFC 3339."""
    acts: tuple[ReviewAct, ...] = ()
    """Everything that people did, in order."""
    answer: str | None = None
    """The answer to give; `None` until approved or corrected, or when the task declares one for an expired item."""
    version: int = 1
    """Goes up with each change; a change on top of an older version is refused."""

    @property
    def has_content(self) -> bool:
        """What was asked is still here. It may be gone from an item that is decided."""
        return bool(self.conversation)


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which items to list; `None` matches everything."""

    task: str | None = None
    """Only this task."""
    state: ReviewState | None = None
    """Only this state."""
    assignee: str | None = None
    """Only what this person has claimed."""
    tasks: frozenset[str] | None = None
    """Only these tasks."""
    caller: str | None = None
    """Only this key's requests."""
    since: str | None = None
    """Only items opened at or after this time, RFC 3339."""
    before_id: str | None = None
    """Page on: only items older than this one."""
    limit: int = 50
    """At most so many."""
