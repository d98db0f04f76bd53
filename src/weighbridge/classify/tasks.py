"""Which task a request belongs to: stated, else by rule, else by example, else the default."""

from dataclasses import dataclass
from typing import Protocol

from weighbridge.classify.keywords import has_keyword
from weighbridge.classify.reading import Reading
from weighbridge.classify.stated import stated_task
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.patterns import linear_pattern
from weighbridge.domain.policy import Policy
from weighbridge.domain.request import Request
from weighbridge.domain.signals import Basis
from weighbridge.domain.task import Rule, Task


class Nearest(Protocol):
    """Recognition by labelled examples."""

    @property
    def threshold(self) -> float:
        """Similarity from which an example decides."""
        ...

    def nearest(self, text: str) -> tuple[str, float] | None:
        """Task and similarity (0 to 1) of the most similar example, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A task and how it was found."""

    task: str
    """Its name."""
    basis: Basis
    """How it was found."""
    evidence: str
    """For people."""


def claim_task(request: Request, reading: Reading, caller: Caller, policy: Policy, nearest: Nearest) -> Claim:
    """The task of the request. Only tasks that the caller may use are considered.

    Raises NotFoundError for a task or model nobody declared, ForbiddenError for one the caller may not use, and
    InvalidFieldError when two tasks are stated, or none and nothing else tells.
    """
    stated = stated_task(request, caller, policy)
    if stated is not None:
        return Claim(stated, Basis.STATED, "task stated by the caller")
    tasks = [task for task in policy.tasks.values() if caller.tasks is None or task.name in caller.tasks]
    return (
        _by_rule(tasks, request, reading)
        or _by_example(tasks, reading, nearest)
        or _by_default(tasks, policy.default_task)
    )


def _by_rule(tasks: list[Task], request: Request, reading: Reading) -> Claim | None:
    for task in tasks:
        for rule in task.rules:
            if _holds(rule, request, reading):
                return Claim(task.name, Basis.RULE, f"rule {rule.name!r} matched")
    return None


def _holds(rule: Rule, request: Request, reading: Reading) -> bool:
    """Every part that is stated holds; a rule that states nothing recognises nothing."""
    has_bounds = rule.min_words is not None or rule.max_words is not None
    if not (rule.keywords or rule.pattern or rule.metadata or has_bounds):
        return False
    return (
        all(request.metadata.get(key) == value for key, value in rule.metadata.items())
        and (not has_bounds or _has_length(rule, reading))
        and (not rule.keywords or has_keyword(reading.asked, rule.keywords))
        and (rule.pattern is None or linear_pattern(rule.pattern).occurs_in(reading.asked))
    )


def _has_length(rule: Rule, reading: Reading) -> bool:
    words = len(reading.asked.split())
    return (rule.min_words or 0) <= words and (rule.max_words is None or words <= rule.max_words)


def _by_example(tasks: list[Task], reading: Reading, nearest: Nearest) -> Claim | None:
    found = nearest.nearest(reading.asked)
    if found is None or found[1] < nearest.threshold or all(task.name != found[0] for task in tasks):
        return None
    return Claim(found[0], Basis.EXAMPLE, f"similar to an example ({found[1]:.2f}, threshold {nearest.threshold:.2f})")


def _by_default(tasks: list[Task], default: str | None) -> Claim:
    if default is not None and any(task.name == default for task in tasks):
        return Claim(default, Basis.DEFAULT, "no rule or example matched; default task")
    names = ", ".join(task.name for task in tasks[:20])
    raise InvalidFieldError(
        "Nothing tells which task this request belongs to.",
        advice=f"State `task` (or `model: task/<name>`), one of: {names}."
        if names
        else "Ask for a key that allows a task.",
        param="task",
    )
