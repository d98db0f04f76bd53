"""`reconcile`: what a provider bills, held against what our records know."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from weighbridge.domain.billed import Billed, Comparison, Known
from weighbridge.domain.money import total


def reconcile(billed: Sequence[Billed], known: Sequence[Known]) -> list[Comparison]:
    """Row for row where both sides have the provider's id of the answer; what is left over, in sums of its model and
    stretch of time, and of its key where the export has keys. Calls of models that the export has none of are left out:
    another provider bills them."""
    by_id = {call.provider_id: call for call in known if call.provider_id is not None}
    found, left, taken = list[Comparison](), list[Billed](), set[str]()
    for row in billed:
        call = by_id.get(row.request_id or "")
        if call is None:
            left.append(row)
        else:
            taken.add(call.provider_id or "")
            found.append(_compared(row.request_id or "", row.model, call.key, [row], [call]))
    rest = [call for call in known if call.provider_id not in taken]
    return [*found, *_sums(left, rest, {row.model for row in billed})]


def _sums(billed: Iterable[Billed], known: Iterable[Known], models: set[str]) -> Iterable[Comparison]:
    rows = defaultdict[tuple[str, str, str | None], list[Billed]](list)
    calls = defaultdict[tuple[str, str, str | None], list[Known]](list)
    spans: dict[tuple[float, float], str] = {}
    has_keys = False
    for row in billed:
        span = _span(row)
        has_keys |= row.key is not None
        rows[span, row.model, row.key].append(row)
        if row.ends > row.begins:
            spans[row.begins, row.ends] = span
    for call in known:
        if call.model in models:
            span = next((name for (begins, ends), name in spans.items() if begins <= call.at < ends), _day(call.at))
            calls[span, call.model, call.key if has_keys else None].append(call)
    for key in sorted(rows.keys() | calls.keys(), key=str):
        yield _compared(key[0], key[1], key[2], rows[key], calls[key])


def _span(row: Billed) -> str:
    if row.ends - row.begins in {0.0, 86_400.0}:
        return _day(row.begins)
    return f"{_time(row.begins)} to {_time(row.ends)}"


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="minutes").removesuffix("+00:00")


def _compared(what: str, model: str, key: str | None, billed: Sequence[Billed], known: Sequence[Known]) -> Comparison:
    counted = [call for call in known if call.input_tokens is not None and call.output_tokens is not None]
    return Comparison(
        what,
        model,
        key,
        billed_tokens=sum(row.input_tokens + row.output_tokens for row in billed),
        known_tokens=sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in counted),
        calls=len(known),
        unknown=len(known) - len(counted),
        billed_cost=total(row.cost for row in billed),
        known_cost=total(call.cost for call in known),
    )
