"""Texts as vectors: near each other where they mean the same, whatever words they use."""

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from sys import byteorder

from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.money import ZERO, Money


@dataclass(frozen=True, slots=True)
class Scale:
    """What a model's own numbers mean."""

    unrelated: float
    """Its number for a question and a passage that have nothing to do with each other: no relevance."""
    related: float
    """Its number from which a passage answers the question in full: a relevance of 1."""

    def relevance(self, number: float) -> float:
        """0 where unrelated, 1 where related, in between in proportion."""
        share = (number - self.unrelated) / (self.related - self.unrelated)
        return min(1.0, max(0.0, share))


@dataclass(frozen=True, slots=True)
class VectorRule(Scale):
    """How a model is asked for vectors, and what their nearness (a cosine similarity) means."""

    query_prefix: str = ""
    """Stands before a question."""
    passage_prefix: str = ""
    """Stands before a passage."""
    dimensions: int | None = None
    """Numbers of a vector, for models that give shorter ones on demand; `None` leaves it to the model."""


@dataclass(frozen=True, slots=True)
class Near:
    """A question as a vector, to be held against those of passages."""

    space: str
    """Which vectors it may be held against: those of the same model, asked in the same way."""
    vector: bytes
    """32-bit floats, little end first."""
    rule: VectorRule
    """What nearness means."""


@dataclass(frozen=True, slots=True)
class Unvectored:
    """A passage that has no vector yet."""

    number: int
    """Its row."""
    heading: str
    """What stands above it."""
    text: str
    """Its words."""
    sensitivity: Sensitivity
    """How far it may travel."""

    @property
    def whole(self) -> str:
        """What a vector is made of: a row of a table says nothing without what stands above it."""
        return f"{self.heading}\n{self.text}"


@dataclass(frozen=True, slots=True)
class VectorReport:
    """What became of the passages that had no vectors."""

    made: int = 0
    """They have one now."""
    refused: int = 0
    """No model may see them; they are found by their words."""
    waiting: int = 0
    """Their turn did not come; what is asked for them next makes them."""
    cost: Money | None = ZERO
    """What was paid; `None` when that is unknown."""
    reason: str | None = None
    """Why some wait, or were refused."""


def unit_vector(numbers: Iterable[float]) -> bytes:
    """The same direction with length 1, as 32-bit floats, little end first. Raises ValueError for one without any."""
    given = list(numbers)
    length = math.hypot(*given)
    if not (given and 0.0 < length < math.inf):
        raise ValueError("a vector without direction")
    return pack(number / length for number in given)


def pack(numbers: Iterable[float]) -> bytes:
    """Numbers as 32-bit floats, little end first."""
    packed = array("f", numbers)
    if byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(vector: bytes) -> list[float]:
    """Back again."""
    packed = array("f", vector)
    if byteorder == "big":
        packed.byteswap()
    return packed.tolist()
