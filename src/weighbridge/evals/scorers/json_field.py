"""`json_field`: one field of a JSON answer is right."""

import jiter

from weighbridge.domain.gate import ScorerRule
from weighbridge.evals.scorers.case import Case
from weighbridge.evals.scorers.exact_match import plain

_ABSENT = object()


def json_field(case: Case, rule: ScorerRule) -> float:
    """1 when the field has the value that the target says: the same field of it where it is an object, else all of it.

    Texts are compared without case and surrounding space, numbers by value, `true` never equals 1.
    """
    path = (rule.field or "").split(".")
    said = _at(_parsed(case.text), path)
    wanted = _parsed(case.target)
    right = _at(wanted, path) if isinstance(wanted, dict) else case.target if wanted is _ABSENT else wanted
    return float(said is not _ABSENT and right is not _ABSENT and _same(said, right))


def _parsed(text: str) -> object:
    try:
        found: object = jiter.from_json(text.encode(), allow_inf_nan=False)
    except ValueError:
        return _ABSENT
    return found


def _at(value: object, path: list[str]) -> object:
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return _ABSENT
        value = value[step]
    return value


def _same(said: object, right: object) -> bool:
    if isinstance(said, str) and isinstance(right, str):
        return plain(said) == plain(right)
    if isinstance(said, bool) != isinstance(right, bool):
        return False
    return said == right
