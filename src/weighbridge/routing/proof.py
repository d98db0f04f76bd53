"""What a stored proof says about serving now: pure comparison of what was evaluated with what is in force."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial

from weighbridge.domain.gate import Floor, QualityGate
from weighbridge.domain.proof import NO_PROOF, Figure, Proof, ProofStanding, ProofState


def standing_of(proof: Proof | None, gate: QualityGate, bindings: Mapping[str, str]) -> ProofStanding:
    """Judge a proof by the gate and the digests in force. What changed outweighs what was measured."""
    if proof is None:
        return NO_PROOF
    stale_from = _day(proof.made_at) + timedelta(days=gate.max_age_days)
    told = partial(ProofStanding, digest=proof.digest, stale_from=stale_from, made_at=proof.made_at)
    changed = sorted(name for name, digest in bindings.items() if proof.bindings.get(name) != digest)
    if changed:
        return ProofStanding(
            ProofState.MISMATCH, {"changed": ", ".join(changed)}, proof.digest, stale_from, proof.made_at
        )
    for floor in gate.floors:
        figure = figure_for(floor, proof)
        reached = None if figure is None else (figure.bound if gate.is_strict else figure.value)
        if not floor.is_met_by(reached):
            return ProofStanding(
                ProofState.BELOW_FLOOR, _shortfall(floor, figure, gate), proof.digest, stale_from, proof.made_at
            )
    return told(ProofState.PROVED, {"made_at": proof.made_at[:10]})


def figure_for(floor: Floor, proof: Proof) -> Figure | None:
    """The figure that a floor is about, if it was measured."""
    return next((item for item in proof.figures if (item.metric, item.tag) == (floor.metric, floor.tag)), None)


def _shortfall(floor: Floor, figure: Figure | None, gate: QualityGate) -> dict[str, str | int]:
    limit = {"minimum": _told(floor.minimum)} if floor.minimum is not None else {"maximum": _told(floor.maximum)}
    if figure is None:
        return {"metric": floor.name, **limit, "measured": "never"}
    bound = {"bound": _told(figure.bound)} if gate.is_strict else {}
    return {"metric": floor.name, **limit, "measured": _told(figure.value), **bound, "samples": figure.n}


def _told(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def _day(made_at: str) -> date:
    return datetime.fromisoformat(made_at).date()
