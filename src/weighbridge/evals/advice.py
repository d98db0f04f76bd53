"""Which means fit a task: prompting, retrieval, tools, a smaller model, caching, fine-tuning; and where models run.

The decision tables behind it: knowledge that changes is retrieved and not trained in, live state is fetched and not
guessed, shape is enforced, style is shown by examples before it is trained in, and a smaller model serves what it has
proved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.levels import Risk
from weighbridge.evals.questionnaire import Knowledge, Questionnaire, Shape

HIGH_VOLUME = 100_000
"""Requests a month from which the price of a call outweighs the work of choosing a smaller model."""
SUSTAINED_VOLUME = 5_000_000
"""Requests a month from which machines of one's own may be cheaper, where somebody knows how to run them."""
ENOUGH_EXAMPLES = 1_000
"""Stable right answers below which fine-tuning has little to learn from, and nothing to be tested on."""
WORTH_CACHING = 0.1
"""Share of repeated inputs from which keeping answers is worth its trouble."""
ENOUGH_SAMPLES = 600
"""Samples that show a floor 3 points below the true rate, four times out of five."""


class Means(StrEnum):
    """What may be done about a task."""

    PROMPTING = "prompting with a strict contract"
    RETRIEVAL = "retrieval"
    TOOLS = "tools"
    SMALLER_MODEL = "a smaller model"
    CACHING = "caching"
    FINE_TUNING = "fine-tuning"
    HOSTED_FRONTIER = "a hosted frontier model"
    HOSTED_SMALL = "a hosted small model"
    SELF_HOSTED = "a self-hosted open-weight model"


class Stance(StrEnum):
    """What is said of it."""

    FIRST = "do first"
    ALONGSIDE = "do as well"
    LATER = "not yet"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What is said of one of the means, and why."""

    means: Means
    """Which."""
    stance: Stance
    """What to do about it."""
    because: str
    """Why, from the answers and the figures."""
    reconsider: str
    """What would change that."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a proof of a model on this task shows."""

    model: str
    """Portfolio name."""
    is_small: bool
    """Not of tier frontier."""
    is_proved: bool
    """Its proof holds today."""
    told: str
    """Its figures, in words."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is at hand beside the answers."""

    samples: int | None = None
    """In the task's evaluation set; `None` where there is none."""
    measured: tuple[Measured, ...] = ()
    """Models with a proof on this task."""
    requests: int = 0
    """Records of the task."""
    broken_share: float | None = None
    """Share of first answers that broke the contract; `None` without records."""
    repeated_share: float | None = None
    """Share of inputs that came before; `None` without records."""


def advise(asked: Questionnaire, evidence: Evidence) -> tuple[Opinion, ...]:
    """An opinion on each of the means, in the order of the tables."""
    return (
        _prompting(asked, evidence),
        _retrieval(asked),
        _tools(asked),
        _smaller_model(asked, evidence),
        _caching(asked, evidence),
        _fine_tuning(asked, evidence),
        _hosted_frontier(asked),
        _hosted_small(asked),
        _self_hosted(asked),
    )


def questions_left(asked: Questionnaire, evidence: Evidence) -> Sequence[str]:
    """What has to be measured before any of this is more than an opinion."""
    have = evidence.samples or 0
    todo = list[str]()
    if have < ENOUGH_SAMPLES:
        todo.append(f"Collect evaluation samples from real requests: {have} of about {ENOUGH_SAMPLES} are there.")
    if not any(item.is_proved for item in evidence.measured):
        todo.append(f"`weighbridge eval gate {asked.task}`: no model has a proof that holds.")
    if asked.knowledge is not Knowledge.NONE:
        todo.append("Measure retrieval by itself: known questions, and the sources that they should find.")
    if not evidence.requests:
        todo.append("Serve some traffic: cost, latency and failures are unknown until there are records.")
    return todo


def _prompting(asked: Questionnaire, evidence: Evidence) -> Opinion:
    what = {
        Shape.LABEL: "the labels are known, so an answer is one of them or invalid",
        Shape.FIELDS: "a JSON Schema says what a valid answer is",
        Shape.TEXT: "instructions, length and forbidden content can be checked",
    }[asked.shape]
    seen = ""
    if evidence.broken_share is not None:
        seen = f"; {evidence.broken_share:.1%} of {evidence.requests:,} first answers broke the contract"
    return Opinion(Means.PROMPTING, Stance.FIRST, what + seen, "never: whatever else is done, the contract stays")


def _retrieval(asked: Questionnaire) -> Opinion:
    reconsider = "answers also need a style or reasoning that sources cannot bring"
    match asked.knowledge:
        case Knowledge.CHANGING:
            because = "the documents change, and an index can be updated where a model cannot"
            return Opinion(Means.RETRIEVAL, Stance.FIRST, because, reconsider)
        case Knowledge.STABLE:
            because = "answers depend on your documents, and a cited source can be checked"
            return Opinion(Means.RETRIEVAL, Stance.ALONGSIDE, because, "all of it fits into the instructions")
    return Opinion(
        Means.RETRIEVAL, Stance.NO, "nothing outside the request is needed", "right answers depend on documents"
    )


def _tools(asked: Questionnaire) -> Opinion:
    if asked.live_state:
        because = "the database is right about live state, and a model can only guess it"
        return Opinion(Means.TOOLS, Stance.FIRST, because, "only a summary is asked for, after the state was fetched")
    return Opinion(Means.TOOLS, Stance.NO, "no live state is needed", "an answer depends on an account or an order")


def _smaller_model(asked: Questionnaire, evidence: Evidence) -> Opinion:
    reconsider = "its lower confidence bound misses the floor, or repairs eat the saving"
    small = [item for item in evidence.measured if item.is_small]
    proved = [item for item in small if item.is_proved]
    if asked.risk is Risk.HIGH:
        because = "a wrong answer is too bad: high risk is served by the strongest tier only"
        return Opinion(Means.SMALLER_MODEL, Stance.NO, because, "a part of the task turns out to be of low risk")
    if proved:
        because = f"{proved[0].model} has proved itself: {proved[0].told}"
        return Opinion(Means.SMALLER_MODEL, Stance.FIRST, because, reconsider)
    if small:
        because = f"{small[0].model} has not reached the floor: {small[0].told}"
        return Opinion(Means.SMALLER_MODEL, Stance.LATER, because, "a better prompt or another model reaches it")
    if asked.reasoning:
        because = "several steps of reasoning are where small models fall behind; nothing has been measured"
        return Opinion(Means.SMALLER_MODEL, Stance.LATER, because, "an evaluation shows that it is good enough")
    is_narrow = asked.shape is not Shape.TEXT
    volume = f"{asked.monthly_requests:,} requests a month"
    because = f"{'a narrow task' if is_narrow else 'a task without long reasoning'} at {volume}; measure it first"
    stance = Stance.FIRST if is_narrow or asked.monthly_requests >= HIGH_VOLUME else Stance.ALONGSIDE
    return Opinion(Means.SMALLER_MODEL, stance, because, reconsider)


def _caching(asked: Questionnaire, evidence: Evidence) -> Opinion:
    share = evidence.repeated_share
    is_seen = share is not None and share >= WORTH_CACHING
    if (asked.repeats or is_seen) and not asked.live_state:
        seen = "" if share is None else f"; {share:.1%} of the newest inputs came before"
        because = f"the same questions come again, and a kept answer costs nothing{seen}"
        return Opinion(Means.CACHING, Stance.ALONGSIDE, because, "answers age faster than questions repeat")
    because = "live state makes an old answer wrong" if asked.live_state else "questions seldom repeat"
    return Opinion(Means.CACHING, Stance.NO, because, "records show equal inputs (`input_digest`)")


def _fine_tuning(asked: Questionnaire, evidence: Evidence) -> Opinion:
    examples = f"{asked.good_examples:,} right answers"
    if asked.knowledge is Knowledge.CHANGING and not asked.fixed_style:
        because = "knowledge that changes would be trained in and stay behind"
        return Opinion(Means.FINE_TUNING, Stance.NO, because, "style, not knowledge, turns out to be what fails")
    if asked.good_examples < ENOUGH_EXAMPLES:
        because = f"{examples} are at hand, and about {ENOUGH_EXAMPLES:,} stable ones are needed to learn and to test"
        return Opinion(Means.FINE_TUNING, Stance.LATER, because, "enough examples, and errors that prompting leaves")
    if any(item.is_proved for item in evidence.measured):
        return Opinion(
            Means.FINE_TUNING,
            Stance.NO,
            "a model reaches the floor without it",
            "volume makes it worth a cheaper one",
        )
    if asked.fixed_style or evidence.measured:
        why = "a style that is hard to describe" if asked.fixed_style else "prompting alone has not reached the floor"
        return Opinion(
            Means.FINE_TUNING,
            Stance.ALONGSIDE,
            f"{why}, and {examples} to learn from",
            "templates suffice",
        )
    because = "prompting with a contract is not measured yet, and may be enough"
    return Opinion(Means.FINE_TUNING, Stance.LATER, because, "errors remain that follow a pattern")


def _hosted_frontier(asked: Questionnaire) -> Opinion:
    if not asked.may_leave:
        return Opinion(
            Means.HOSTED_FRONTIER, Stance.NO, "the content may not leave", "a private deployment is approved"
        )
    if asked.risk is Risk.HIGH or asked.reasoning:
        why = "high risk" if asked.risk is Risk.HIGH else "several steps of reasoning"
        return Opinion(Means.HOSTED_FRONTIER, Stance.FIRST, f"{why}: strongest, and nothing to run", "cost or latency")
    because = "the careful choice behind a smaller primary, for what that one is not sure of"
    return Opinion(Means.HOSTED_FRONTIER, Stance.ALONGSIDE, because, "the primary's answers never escalate")


def _hosted_small(asked: Questionnaire) -> Opinion:
    if not asked.may_leave:
        return Opinion(Means.HOSTED_SMALL, Stance.NO, "the content may not leave", "a private one is approved")
    if asked.risk is Risk.HIGH:
        return Opinion(
            Means.HOSTED_SMALL, Stance.NO, "high risk needs the strongest tier", "the risk is lower in parts"
        )
    stance = Stance.ALONGSIDE if asked.reasoning else Stance.FIRST
    return Opinion(Means.HOSTED_SMALL, stance, "quick, cheap, and nothing to run", "it misses the floor")


def _self_hosted(asked: Questionnaire) -> Opinion:
    if not asked.may_leave:
        missing = "" if asked.runs_models else "; somebody has to learn to run it, which is part of the price"
        because = f"the content may not leave{missing}"
        return Opinion(Means.SELF_HOSTED, Stance.FIRST, because, "a private deployment of a provider is approved")
    if asked.monthly_requests >= SUSTAINED_VOLUME and asked.runs_models:
        because = f"{asked.monthly_requests:,} requests a month may keep machines busy, and your team runs models"
        return Opinion(Means.SELF_HOSTED, Stance.ALONGSIDE, because, "utilisation stays low")
    because = "capacity, updates and incidents would be yours, for no need that was named"
    return Opinion(Means.SELF_HOSTED, Stance.NO, because, "privacy, or a high and steady volume, asks for it")
