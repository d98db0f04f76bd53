"""The page for people who decide about money and risk: what serves a task, what it costs, what was given up, and why.

Every sentence is made from figures at hand; what is not known is said to be unknown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from weighbridge.domain.gate import OnMissingProof
from weighbridge.domain.policy import Policy
from weighbridge.domain.proof import Proof, ProofStanding, ProofState
from weighbridge.domain.record import OutcomeStatus, Record
from weighbridge.domain.task import Task
from weighbridge.evals import words

DAYS = 30


@dataclass(frozen=True, slots=True)
class Traffic:
    """What records say of a task's last days."""

    requests: int
    """Records looked at."""
    days: float
    """Time between the oldest and now, at least one day."""
    by_model: dict[str, int]
    """Portfolio name → answers it gave."""
    fallbacks: int
    """Answers that did not come from the first choice."""
    without_answer: int
    """Requests that ended without an answer by a model."""
    cost_usd: float | None
    """All of it; `None` when some is unknown, or there is nothing."""

    @property
    def monthly_usd(self) -> float | None:
        """What 30 days like these cost."""
        return None if self.cost_usd is None else self.cost_usd / self.days * DAYS


def traffic_of(records: Sequence[Record], days: float) -> Traffic:
    """Count a task's records."""
    by_model = dict[str, int]()
    for record in records:
        if record.served_model is not None:
            by_model[record.served_model] = by_model.get(record.served_model, 0) + 1
    costs = [record.cost for record in records]
    is_known = bool(costs) and None not in costs
    return Traffic(
        requests=len(records),
        days=max(1.0, days),
        by_model=by_model,
        fallbacks=sum(record.is_fallback for record in records),
        without_answer=sum(record.status in {OutcomeStatus.FAILED, OutcomeStatus.REFUSED} for record in records),
        cost_usd=sum(cost.pico for cost in costs if cost is not None) / 1e12 if is_known else None,
    )


def stakeholder_page(policy: Policy, task: Task, standings: dict[str, ProofStanding], traffic: Traffic) -> str:
    """Markdown in plain English."""
    proofs = {proof.model: proof for proof in policy.proofs if proof.task == task.name}
    lines = [
        f"# Who answers `{task.name}`, and why",
        "",
        *_chosen(policy, task, standings),
        "",
        "## What was shown",
        "",
        *_shown(task, proofs, standings),
        "",
        "## What it costs",
        "",
        *_costs(policy, task, traffic),
        "",
        "## What was given up",
        "",
        *_given_up(task, proofs),
        "",
        "## What happens when it goes wrong",
        "",
        *_when_wrong(task, traffic),
    ]
    return "\n".join(lines) + "\n"


def _chosen(policy: Policy, task: Task, standings: dict[str, ProofStanding]) -> Iterator[str]:
    first, others = task.primary_model, task.fallback_models
    yield f"Requests of this task carry {task.risk} risk. **{first}** ({policy.models[first].tier}) is asked first" + (
        f"; when it cannot serve, {', then '.join(others)}." if others else "; nothing stands behind it."
    )
    if task.rationale:
        yield f"The reason on record: {task.rationale}."
    if task.use_primary_when is not None:
        yield f"It is asked only while `{task.use_primary_when.text}` holds."
    if task.escalate_when is not None:
        yield f"Its answer is passed on to a stronger model when `{task.escalate_when.text}` holds."
    state = standings.get(first)
    if task.gate is not None and state is not None and state.state is not ProofState.PROVED:
        serves = {
            OnMissingProof.REFUSE: "so no request is given to it",
            OnMissingProof.FALLBACK: "so the fallback serves in its place",
            OnMissingProof.WARN: "and it serves all the same, as the record of each request says",
        }[task.gate.on_missing]
        yield f"**It has no valid proof today** ({state.state}), {serves}."


def _shown(task: Task, proofs: dict[str, Proof], standings: dict[str, ProofStanding]) -> Iterator[str]:
    if task.gate is None:
        yield "Nothing: the task has no quality gate, so no model had to show anything."
        return
    for model in task.models:
        proof, standing = proofs.get(model), standings.get(model)
        if proof is None or standing is None:
            yield f"- {model}: never measured against the gate."
            continue
        told = "; ".join(
            f"{item.metric}{f' of {item.tag}' if item.tag else ''} {words.figure(item.value)} over {item.n} samples"
            f" (with 95 % confidence beyond {words.figure(item.bound)})"
            for item in proof.figures
        )
        yield f"- {model}: {told}, on {proof.made_at[:10]}. Today: {standing.state}."
    floors = ", ".join(
        f"{floor.name} " + (f"≥ {floor.minimum:g}" if floor.minimum is not None else f"≤ {floor.maximum:g}")
        for floor in task.gate.floors
    )
    yield f"- Asked for: {floors}" + (", shown with 95 % confidence." if task.gate.is_strict else ", as measured.")


def _costs(policy: Policy, task: Task, traffic: Traffic) -> Iterator[str]:
    if not traffic.requests:
        yield "No request of this task is on record yet, so its cost is unknown."
    elif traffic.monthly_usd is None:
        yield f"{traffic.requests:,} requests are on record; the cost of some is unknown, so no total is stated."
    else:
        each = (traffic.cost_usd or 0.0) / traffic.requests
        yield (
            f"{traffic.requests:,} requests in {traffic.days:.3g} days cost {traffic.cost_usd:.4g} USD, "
            f"{each:.3g} USD each."
        )
        yield ""
        yield "| volume | requests in 30 days | USD in 30 days |"
        yield "|---|---|---|"
        monthly = traffic.requests / traffic.days * DAYS
        for times in (1, 10):
            yield f"| {times} times | {monthly * times:,.0f} | {traffic.monthly_usd * times:,.4g} |"
        yield ""
        yield "Both at the same prices and the same mix of models; rate limits and discounts are not in it."
    for model in task.models:
        price = policy.models[model].price
        if price is None:
            yield f"- {model}: its price is unknown."


def _given_up(task: Task, proofs: dict[str, Proof]) -> Iterator[str]:
    first = proofs.get(task.primary_model)
    is_silent = True
    for model in task.fallback_models:
        other = proofs.get(model)
        if first is None or other is None:
            continue
        theirs = {(item.metric, item.tag): item for item in other.figures}
        for item in first.figures:
            rival = theirs.get((item.metric, item.tag))
            if item.value is not None and rival is not None and rival.value is not None:
                is_silent = False
                yield (
                    f"- {item.metric}{f' of {item.tag}' if item.tag else ''}: {words.figure(item.value)} instead of "
                    f"{words.figure(rival.value)} with {model}{_cost_factor(first, other)}."
                )
    if is_silent:
        yield "Unknown: the first choice and its fallbacks were not measured on the same samples."


def _cost_factor(first: Proof, other: Proof) -> str:
    """How much cheaper the evaluation itself was, sample for sample."""
    counts = [max((item.n for item in proof.figures), default=0) for proof in (first, other)]
    if first.cost_usd is None or other.cost_usd is None or 0 in counts or not float(other.cost_usd):
        return ""
    share = (float(first.cost_usd) / counts[0]) / (float(other.cost_usd) / counts[1])
    return f", at {share:.0%} of its cost"


def _when_wrong(task: Task, traffic: Traffic) -> Iterator[str]:
    if traffic.requests:
        yield (
            f"- {traffic.fallbacks / traffic.requests:.1%} of the requests on record were answered by a fallback, and "
            f"{traffic.without_answer / traffic.requests:.1%} got no answer from any model."
        )
    yield f"- At most {task.limits.max_attempts} calls are made for a request, within {task.limits.deadline_s:g} s."
    if task.review is not None:
        yield (
            "- A person decides on what no model could answer."
            if not task.review.is_always
            else "- A person decides on every answer."
        )
    if task.safe_answer is not None:
        yield "- When nothing valid comes, a declared answer is given and marked as such."
    if task.review is None and task.safe_answer is None:
        yield "- When nothing valid comes, the caller gets an error that says so: there is no other way out."
