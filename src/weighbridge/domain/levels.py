"""The ordered scales that policy speaks in: risk, sensitivity, strength, and what a model can do."""

from enum import StrEnum


class Risk(StrEnum):
    """How bad a wrong answer would be. Unknown risk is `high`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Sensitivity(StrEnum):
    """How far the content may travel, least to most protected. The strictest claim always wins."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"

    rank: int
    """0 for public up to 3 for restricted; a model may see content of its own rank or lower."""


for _rank, _level in enumerate(Sensitivity):
    _level.rank = _rank  # an attribute, because a dictionary keyed by members hashes them in Python


class Tier(StrEnum):
    """A model's place in the portfolio, cheapest to strongest. High risk is served by `frontier` only."""

    SMALL = "small"
    BALANCED = "balanced"
    FRONTIER = "frontier"


class Capability(StrEnum):
    """What a request may need of a model beyond plain text."""

    AUDIO = "audio"
    EMBEDDINGS = "embeddings"
    FILES = "files"
    JSON_SCHEMA = "json_schema"
    LOGPROBS = "logprobs"
    RERANK = "rerank"
    STREAMING = "streaming"
    TOOLS = "tools"
    VISION = "vision"


def strictest(*levels: Sensitivity | None) -> Sensitivity:
    """The most protected of the claims; with no claim at all, `internal`, the default of the house."""
    stated = [level for level in levels if level is not None]
    return max(stated, key=lambda level: level.rank) if stated else Sensitivity.INTERNAL
