"""A draft of a task's selection record, with the reasons as comments."""

from collections.abc import Iterator, Sequence

from weighbridge.domain.levels import Risk, Tier
from weighbridge.domain.policy import Policy, PortfolioModel
from weighbridge.evals.advice import Opinion, Stance
from weighbridge.evals.questionnaire import Knowledge, Questionnaire, Shape


def draft_record(asked: Questionnaire, opinions: Sequence[Opinion], policy: Policy) -> str:
    """YAML that loads with `policy`'s portfolio; what nobody can know yet is left as a comment."""
    primary, fallbacks = _models(asked, policy)
    names = "[" + ", ".join(model.name for model in fallbacks) + "]"
    lines = [
        f"# Drafted by `weighbridge advise`. Read it, correct it, then `weighbridge eval gate {asked.task}`.",
        *(f"# {item.stance}: {item.means}, because {item.because}." for item in _by_stance(opinions)),
        *_own_hosts(asked),
        f"task: {asked.task}",
        f"risk_level: {asked.risk}",
        f"sensitivity: {asked.sensitivity}",
        f"primary_model: {primary.name}",
        f"fallback_model: {names}",
        *_gate(asked),
        *_output(asked),
        f"limits: {{deadline_s: {asked.deadline_s:g}, max_repairs: 1}}",
        *_review(asked),
        "observability:",
        "  log_fields: [route, prompt_tokens, completion_tokens, validation_status, fallback_reason]",
    ]
    return "\n".join(lines) + "\n"


def _by_stance(opinions: Sequence[Opinion]) -> list[Opinion]:
    return sorted(opinions, key=lambda item: list(Stance).index(item.stance))


def _own_hosts(asked: Questionnaire) -> Iterator[str]:
    if not asked.may_leave:
        yield f"# The content may not leave: clear only your own models (`cleared_for`) for {asked.sensitivity}."


def _models(asked: Questionnaire, policy: Policy) -> tuple[PortfolioModel, list[PortfolioModel]]:
    """The cheapest that may see the content, unless the task wants the strongest; every stronger one behind it."""
    cleared = [model for model in policy.models.values() if model.cleared_for.rank >= asked.sensitivity.rank]
    ordered = sorted(cleared or policy.models.values(), key=_price)
    strongest = [model for model in ordered if model.tier is Tier.FRONTIER]
    wants_strongest = asked.risk is Risk.HIGH or asked.reasoning
    primary = (strongest if wants_strongest and strongest else ordered)[0]
    return primary, [model for model in strongest if model is not primary][:2]


def _price(model: PortfolioModel) -> tuple[bool, int]:
    """Unknown is not cheap."""
    return (model.price is None, 0 if model.price is None else (model.price.input + model.price.output).pico)


def _gate(asked: Questionnaire) -> Iterator[str]:
    metric = {Shape.LABEL: "label_accuracy", Shape.FIELDS: "exact_match", Shape.TEXT: "valid_share"}[asked.shape]
    floor = {Risk.LOW: 0.9, Risk.MEDIUM: 0.92, Risk.HIGH: 0.97}[asked.risk]
    yield "quality_gate:"
    yield f"  dataset: evals/{asked.task}.jsonl"
    yield f"  minimum_{metric}: {floor}  # what you could live with; the lower confidence bound has to reach it"
    if asked.shape is Shape.TEXT:
        yield "  # a text needs a metric of its own: a judge with a rubric, citations, or token_f1"
    yield f"  on_missing: {'refuse' if asked.risk is Risk.HIGH else 'fallback'}"
    yield "  drift: {maximum_invalid: 0.05, maximum_fallback: 0.2}"


def _output(asked: Questionnaire) -> Iterator[str]:
    yield "output:"
    if asked.labels is not None:
        yield f"  labels: [{', '.join(asked.labels)}]"
    if asked.fields is not None:
        yield f"  required_fields: [{', '.join(asked.fields)}]"
    if asked.shape is Shape.TEXT:
        yield "  max_words: 300"
    if asked.knowledge is not Knowledge.NONE:
        yield "  citations: {required: true}"
    yield "  forbid: [secrets]"


def _review(asked: Questionnaire) -> Iterator[str]:
    if asked.risk is Risk.HIGH:
        yield "review: {when: failure}"
