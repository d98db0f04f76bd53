"""`citations`: the answer cites what it should."""

from weighbridge.domain.gate import ScorerRule
from weighbridge.evals.scorers.case import Case
from weighbridge.validation.citations import cited_ids


def citations(case: Case, rule: ScorerRule) -> float:
    """1 when the answer cites exactly the sources that the sample names; how often does not matter."""
    del rule
    found = case.contract.citations
    return float(cited_ids(case.text, None if found is None else found.field) == set(case.sample.cites))
