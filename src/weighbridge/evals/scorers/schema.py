"""`schema`: the answer is JSON of the wanted shape."""

import jiter

from weighbridge.domain.gate import ScorerRule
from weighbridge.evals.scorers.case import Case
from weighbridge.validation.schema import compile_schema


def schema(case: Case, rule: ScorerRule) -> float:
    """1 when the answer satisfies the contract's JSON Schema, or is any JSON where there is none."""
    del rule
    try:
        value = jiter.from_json(case.text.encode(), allow_inf_nan=False)
    except ValueError:
        return 0.0
    wanted = case.contract.schema_json
    return float(wanted is None or compile_schema(wanted).validator.is_valid(value))
