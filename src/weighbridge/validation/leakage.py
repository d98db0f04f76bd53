"""What must not leave the house: the task's own instructions, secrets, personal data that the caller did not bring."""

import re
from collections.abc import Iterator
from functools import lru_cache

from weighbridge.domain.material import Material
from weighbridge.domain.task import Contract, Forbidden
from weighbridge.domain.verdict import Finding, FindingCode

SHINGLE_WORDS = 8
"""So many words in a row that stand in the instructions too are no coincidence."""
_WORD = re.compile(r"\w+")


def leakage_findings(text: str, contract: Contract, material: Material) -> Iterator[Finding]:
    """What `text` gives away."""
    if Forbidden.INSTRUCTIONS in contract.forbidden:
        yield from _instructions(text, contract, material)
    if {Forbidden.SECRETS, Forbidden.PERSONAL} & contract.forbidden:
        yield from _marks(text, contract, material)


def _instructions(text: str, contract: Contract, material: Material) -> Iterator[Finding]:
    told = "The answer repeats the instructions, which are not for the caller."
    if contract.marker is not None and _folded(contract.marker) in _folded(text):
        yield Finding(FindingCode.INSTRUCTIONS_LEAKED, told)
        return
    own = _shingles(material.instructions)
    if own and own & _shingles(text) - _shingles(material.asked):
        yield Finding(FindingCode.INSTRUCTIONS_LEAKED, told)


def _marks(text: str, contract: Contract, material: Material) -> Iterator[Finding]:
    found, brought = material.find_marks(text), material.find_marks(material.asked)
    if Forbidden.SECRETS in contract.forbidden and found.secrets:
        kinds = ", ".join(sorted(found.secrets))
        yield Finding(FindingCode.SECRET_IN_ANSWER, f"The answer holds what opens something: {kinds}.")
    new = found.personal - brought.personal
    if Forbidden.PERSONAL in contract.forbidden and new:
        kinds = ", ".join(sorted(new))
        yield Finding(
            FindingCode.PERSONAL_IN_ANSWER, f"The answer holds personal data that the request did not: {kinds}."
        )


@lru_cache(maxsize=64)
def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return frozenset(tuple(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1))


def _folded(text: str) -> str:
    return "".join(_WORD.findall(text.casefold()))
