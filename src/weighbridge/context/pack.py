"""`pack`: which sources are shown, in which order, with which labels, inside which budget.

A source is worth more the more of the question it holds, the further it may be believed and the newer it is, and less
once another that says much the same is shown. The most valuable stand first and last, where models read best (Liu et
al., "Lost in the Middle", TACL 12, 2024); what is not in force stands between them, marked, and only where there is
room left. The same sources give the same bytes.
"""

import hashlib
import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from weighbridge.context.label import label
from weighbridge.context.relevance import stems_of
from weighbridge.context.standing import CURRENT, Standing, standings
from weighbridge.context.suspicion import is_suspicious
from weighbridge.domain.evidence import (
    Evidence,
    EvidenceRule,
    LeftOutReason,
    LeftOutSource,
    ShownSource,
    SourceStatus,
    Treatment,
)
from weighbridge.domain.material import Authority, Source

WORTH: Mapping[Authority, float] = {
    Authority.AUTHORITATIVE: 1.0,
    Authority.SUPPORTING: 0.85,
    Authority.NOT_AUTHORITATIVE: 0.6,
}
"""What authority makes of relevance."""
WORTH_NOT_IN_FORCE = 0.2
FRESHNESS = 0.1
"""The part of its worth that a source loses with age, half of it every two years."""
HALF_LIFE_DAYS = 730.0
DIVERSITY = 0.5
"""How much of its worth a source loses that says just what another one says (Carbonell & Goldstein, SIGIR 1998)."""
REPETITION = 0.9
"""From this likeness on it is left out."""
MOST_MISFITS = 10
"""After so many in a row that did not fit the budget is full, and nothing more is counted."""
JOIN_TOKENS = 2
"""Counted between two sources: for the empty line, and for what an estimate rounds away."""


@dataclass(frozen=True, slots=True)
class PackedSources:
    """The sources as they are shown, and the account of it."""

    blocks: tuple[str, ...]
    """Labelled texts, in order."""
    sources: tuple[Source, ...]
    """The same, with `is_deprecated` for what is not in force: what an answer may cite, and what not."""
    evidence: Evidence
    """What is shown and what is not, with the reasons."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: Source
    standing: Standing
    worth: float

    @property
    def is_current(self) -> bool:
        return self.standing.status is SourceStatus.CURRENT


@dataclass(frozen=True, slots=True)
class _Chosen:
    candidate: _Candidate
    block: str
    tokens: int
    is_suspicious: bool


def pack(
    sources: Sequence[Source], rule: EvidenceRule, count: Callable[[str], int], limit_tokens: int | None, today: date
) -> PackedSources:
    """Choose, order and label. `count` gives the tokens of a text; what is shown never has more than `limit_tokens`."""
    judged = standings(sources, today)
    left_out: list[LeftOutSource] = []
    candidates = []
    for source in sources:
        standing = judged[source.id]
        reason = _unfit(source, standing, rule)
        if reason is None:
            candidates.append(_Candidate(source, standing, _worth(source, standing, today)))
        else:
            left_out.append(_told(source, reason, standing.because_of))
    chosen = _choose(candidates, rule, count, limit_tokens, left_out)
    ordered = _first_and_last(chosen)
    shown = tuple(_shown(item) for item in ordered)
    used = sum(item.tokens for item in ordered)
    return PackedSources(
        tuple(item.block for item in ordered),
        tuple(_citable(item.candidate) for item in ordered),
        Evidence(shown, tuple(left_out), used, limit_tokens),
    )


def _unfit(source: Source, standing: Standing, rule: EvidenceRule) -> LeftOutReason | None:
    if standing.status is SourceStatus.NOT_YET_EFFECTIVE:
        return LeftOutReason.NOT_YET_EFFECTIVE
    if standing is not CURRENT and rule.deprecated is Treatment.LEAVE_OUT:
        return LeftOutReason.NOT_IN_FORCE
    if source.relevance is not None and source.relevance < rule.min_relevance:
        return LeftOutReason.BELOW_RELEVANCE
    return None


def _worth(source: Source, standing: Standing, today: date) -> float:
    worth = WORTH[source.authority] * (1.0 if source.relevance is None else source.relevance)
    age_days = 365.0 if source.dated is None else max(0, (today - source.dated).days)
    worth *= 1.0 - FRESHNESS * (1.0 - math.pow(0.5, age_days / HALF_LIFE_DAYS))
    return worth if standing is CURRENT else worth * WORTH_NOT_IN_FORCE


def _choose(
    candidates: Sequence[_Candidate],
    rule: EvidenceRule,
    count: Callable[[str], int],
    limit_tokens: int | None,
    left_out: list[LeftOutSource],
) -> list[_Chosen]:
    """Greedy by what each adds. What a candidate adds only falls while others are chosen, so that only the one that
    looks best has to be looked at again."""
    chosen: list[_Chosen] = []
    waiting = {item.source.id: item for item in candidates}
    used = misfits = 0
    for candidate, twin in _by_gain(candidates, chosen):
        if len(chosen) >= rule.most_sources or misfits >= MOST_MISFITS:
            break
        del waiting[candidate.source.id]
        if twin is not None:
            left_out.append(_left_out(candidate, LeftOutReason.REPEATS, twin))
            continue
        offer = _offer(candidate, count)
        if offer.is_suspicious and rule.suspicious is Treatment.LEAVE_OUT:
            left_out.append(_left_out(candidate, LeftOutReason.SUSPICIOUS))
        elif limit_tokens is not None and used + offer.tokens > limit_tokens:
            misfits += 1
            left_out.append(_left_out(candidate, LeftOutReason.OVER_BUDGET))
        else:
            used, misfits = used + offer.tokens, 0
            chosen.append(offer)
    reason = LeftOutReason.TOO_MANY if len(chosen) >= rule.most_sources else LeftOutReason.OVER_BUDGET
    rest = sorted(waiting.values(), key=lambda item: (-item.worth, item.source.id))
    left_out += [_left_out(item, reason) for item in rest]
    return chosen


def _left_out(candidate: _Candidate, reason: LeftOutReason, twin: str | None = None) -> LeftOutSource:
    because_of = twin or candidate.standing.because_of
    return _told(candidate.source, reason, because_of)


def _told(source: Source, reason: LeftOutReason, because_of: str | None) -> LeftOutSource:
    return LeftOutSource(source.id, reason, source.relevance, source.similarity, source.score, because_of)


def _offer(candidate: _Candidate, count: Callable[[str], int]) -> _Chosen:
    flagged = is_suspicious(candidate.source.text)
    block = label(candidate.source, candidate.standing, is_suspicious=flagged)
    return _Chosen(candidate, block, count(block) + JOIN_TOKENS, flagged)


def _by_gain(candidates: Sequence[_Candidate], chosen: Sequence[_Chosen]) -> Iterator[tuple[_Candidate, str | None]]:
    """The candidate that adds most to what is chosen by then, again and again; with the source it repeats, if so."""
    stems: dict[str, set[str]] = {}
    heap = [(-item.worth, item.source.id, number, 0, 0.0, "") for number, item in enumerate(candidates)]
    heapq.heapify(heap)
    while heap:
        _, name, number, seen, likeness, twin = heapq.heappop(heap)
        candidate = candidates[number]
        if seen < len(chosen):  # something was chosen since its gain was computed
            for other in chosen[seen:]:
                alike = _likeness(candidate, other.candidate, stems)
                if alike > likeness:
                    likeness, twin = alike, other.candidate.source.id
            gain = candidate.worth * (1.0 - DIVERSITY * likeness)
            heapq.heappush(heap, (-gain, name, number, len(chosen), likeness, twin))
            if heap[0][2] != number:
                continue
            heapq.heappop(heap)
        yield candidate, twin if likeness >= REPETITION else None


def _likeness(one: _Candidate, other: _Candidate, stems: dict[str, set[str]]) -> float:
    """Shared words of all words. What is in force and what is not are never alike: showing both is the point."""
    if one.is_current != other.is_current:
        return 0.0
    first, second = _stems(one.source, stems), _stems(other.source, stems)
    shared = len(first & second)
    return shared / max(1, len(first) + len(second) - shared)


def _stems(source: Source, known: dict[str, set[str]]) -> set[str]:
    found = known.get(source.id)
    if found is None:
        found = known[source.id] = stems_of(source.text)
    return found


def _first_and_last(chosen: Sequence[_Chosen]) -> list[_Chosen]:
    """The best first, the second best last, the third second, and so on; what is not in force in the middle."""
    current = [item for item in chosen if item.candidate.is_current]
    others = [item for item in chosen if not item.candidate.is_current]
    return [*current[0::2], *others, *reversed(current[1::2])]


def _shown(item: _Chosen) -> ShownSource:
    source, standing = item.candidate.source, item.candidate.standing
    return ShownSource(
        source.id,
        item.tokens,
        standing.status,
        source.authority,
        source.relevance,
        source.similarity,
        source.score,
        item.is_suspicious,
        standing.because_of,
        hashlib.sha256(source.text.encode()).hexdigest()[:16],
    )


def _citable(candidate: _Candidate) -> Source:
    return replace(candidate.source, is_deprecated=not candidate.is_current)
