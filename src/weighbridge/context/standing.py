"""Which sources are in force: by their own labels, by each other's, and by the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from weighbridge.domain.evidence import SourceStatus
from weighbridge.domain.material import Source


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a source is in force, and what took its place if it is not."""

    status: SourceStatus
    because_of: str | None = None


CURRENT = Standing(SourceStatus.CURRENT)


def standings(sources: Sequence[Source], today: date) -> dict[str, Standing]:
    """Source id → its standing. Only sources that are in force themselves take the place of others."""
    own = {source.id: _own(source, today) for source in sources}
    in_force = [source for source in sources if own[source.id].status is SourceStatus.CURRENT]
    replaced = {name: source for source in in_force for name in source.supersedes}
    found = {source.id: _replaced(source, replaced) or own[source.id] for source in in_force}
    newest = _newest_of_topics([source for source in in_force if found[source.id] is CURRENT])
    return (
        own
        | found
        | {
            source.id: Standing(SourceStatus.OUTDATED, newest[source.topic].id)
            for source in in_force
            if found[source.id] is CURRENT and source.topic in newest and _is_older(source, newest[source.topic])
        }
    )


def _own(source: Source, today: date) -> Standing:
    stated = source.deprecated_on
    if source.is_deprecated if stated is None else stated <= today:
        return Standing(SourceStatus.DEPRECATED, next(iter(source.superseded_by), None))
    if source.superseded_by:
        return Standing(SourceStatus.SUPERSEDED, source.superseded_by[0])
    if source.effective_until is not None and source.effective_until < today:
        return Standing(SourceStatus.EXPIRED)
    if source.effective_from is not None and source.effective_from > today:
        return Standing(SourceStatus.NOT_YET_EFFECTIVE)
    return CURRENT


def _replaced(source: Source, replaced: Mapping[str, Source]) -> Standing | None:
    by = replaced.get(source.id) or replaced.get(source.document or "")
    if by is None or _document(by) == _document(source):
        return None
    return Standing(SourceStatus.SUPERSEDED, by.id)


def _newest_of_topics(sources: Sequence[Source]) -> dict[str | None, Source]:
    """Topic → its current source: the most authoritative, of those the newest."""
    best: dict[str | None, Source] = {}
    for source in sorted(sources, key=lambda item: item.id, reverse=True):
        if source.topic is None or source.dated is None:
            continue
        known = best.get(source.topic)
        if known is None or _rank(source) >= _rank(known):
            best[source.topic] = source
    return best


def _is_older(source: Source, newest: Source) -> bool:
    """It says something on the same topic and loses. Without a date nobody can tell."""
    if source.dated is None or _document(source) == _document(newest):
        return False
    return _rank(source) < _rank(newest)


def _rank(source: Source) -> tuple[int, date]:
    return source.authority.rank, source.dated or date.min


def _document(source: Source) -> str:
    return source.document or source.id
