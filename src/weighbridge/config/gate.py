"""A task's quality gate, and what a proof of it is bound to."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from weighbridge.config.digest import digest_of
from weighbridge.config.schema_gate import MAXIMUM, MINIMUM, DriftRow, FloorsRow, QualityGateRow, ScorerRow
from weighbridge.domain.drift import DriftRule, Monitor
from weighbridge.domain.gate import Floor, QualityGate, ScorerRule
from weighbridge.domain.policy import Policy


def build_gate(row: QualityGateRow | None, folder: Path) -> QualityGate | None:
    """The gate, with the digest of its dataset where there is one."""
    if row is None:
        return None
    floors = [*_floors(row, None)]
    for tag, part in row.slices.items():
        floors += _floors(part, tag)
    return QualityGate(
        dataset=row.dataset,
        floors=tuple(floors),
        on_missing=row.on_missing,
        is_strict=row.strict,
        split=row.split,
        max_age_days=row.max_age_days,
        scorers={name: _scorer(rule) for name, rule in row.scorers.items()},
        drift=_drift(row.drift),
        dataset_digest=file_digest(folder / row.dataset),
    )


def _floors(row: FloorsRow, tag: str | None) -> Iterator[Floor]:
    for key, value in row.minimums.items():
        yield Floor(key.removeprefix(MINIMUM), minimum=value, tag=tag)
    for key, value in row.maximums.items():
        yield Floor(key.removeprefix(MAXIMUM), maximum=value, tag=tag)


def _drift(row: DriftRow | None) -> DriftRule | None:
    if row is None:
        return None
    stated = {monitor: getattr(row, f"{MAXIMUM}{monitor}", None) for monitor in Monitor}
    stated[Monitor.JUDGE] = row.minimum_judge
    limits = {monitor: limit for monitor, limit in stated.items() if limit is not None}
    return DriftRule(limits, row.false_alarm, row.ends_with_version)


def _scorer(row: ScorerRow) -> ScorerRule:
    stated = {name: value for name, value in row if value is not None}
    return ScorerRule(**stated)


def file_digest(path: Path) -> str | None:
    """sha256 of a file's bytes; `None` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def bindings_of(policy: Policy, task: str, model: str) -> Mapping[str, str]:
    """What an evaluation of a model on a task depends on → its sha256 in this policy.

    Floors are not among it: a stored figure is held against the floors in force. Nor are prices, credentials and where
    a task is recognised: none of them changes an answer.
    """
    record = policy.tasks[task]
    gate = record.gate
    read = sorted(record.escalate_when.names) if record.escalate_when else []  # asked for, whatever the threshold
    parts: dict[str, object] = {
        "record": [record.risk, _answering(policy, task), read, record.confidence],
        "prompt": record.instructions,
        "contract": record.contract,
        "model": _model(policy, model),
    }
    if gate is not None:
        used = sorted({floor.metric for floor in gate.floors})
        judges = [_model(policy, rule.model) for rule in gate.scorers.values() if rule.model is not None]
        parts |= {"dataset": [gate.dataset_digest or "absent", gate.split], "scorers": [used, gate.scorers, judges]}
    return {name: digest_of(part) for name, part in parts.items()}


def _model(policy: Policy, name: str) -> object:
    row = policy.models[name]
    host = policy.hosts[row.host]
    own = [row.upstream_name, row.context_window_tokens, row.max_output_tokens, sorted(row.capabilities)]
    return [*own, host.dialect, host.base_url, host.options]


def _answering(policy: Policy, task: str) -> object:
    limits = policy.tasks[task].limits
    return [limits.max_input_tokens, limits.max_output_tokens, limits.max_repairs, limits.when_too_long]
