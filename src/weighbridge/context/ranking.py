"""Passages in the order of a model that has read each of them beside the question."""

from collections.abc import Sequence
from dataclasses import replace

from weighbridge.context.succession import lifted
from weighbridge.domain.material import Source
from weighbridge.domain.vectors import Scale


def ranked(found: Sequence[Source], scores: Sequence[float], scale: Scale) -> list[Source]:
    """The first of `found`, as many as there are scores, by what those say, and the others behind them. What was read
    counts for as much as its score means, and what was not read for no more than the least of those."""
    read = [
        replace(source, score=score, relevance=round(scale.relevance(score), 4))
        for source, score in zip(found, scores, strict=False)
    ]
    relevance = lifted({source.id: source.relevance or 0.0 for source in read}, found[: len(read)])
    read = [replace(source, relevance=relevance[source.id]) for source in read]
    read.sort(key=lambda source: (-(source.relevance or 0.0), -(source.score or 0.0)))
    least = min(relevance.values(), default=0.0)
    others = [replace(source, relevance=min(source.relevance or 0.0, least)) for source in found[len(read) :]]
    return [*read, *others]
