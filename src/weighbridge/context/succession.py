"""What took a passage's place answers a question as far as that passage does."""

from collections.abc import Mapping, Sequence

from weighbridge.domain.material import Source


def successors(found: Sequence[Source]) -> Mapping[str, tuple[str, ...]]:
    """Id of a source → ids of the best passages, of those found, of the documents that have taken its place."""
    best: dict[str | None, str] = {}
    for source in sorted(found, key=lambda item: item.relevance or 0.0):
        best[source.document] = source.id
    return {source.id: tuple(best[name] for name in source.superseded_by if name in best) for source in found}


def lifted(values: Mapping[str, float], found: Sequence[Source]) -> dict[str, float]:
    """Values by id, each at least that of what it took the place of."""
    raised = dict(values)
    for old, new in successors(found).items():
        for name in new:
            raised[name] = max(raised.get(name, 0.0), values.get(old, 0.0))
    return raised
