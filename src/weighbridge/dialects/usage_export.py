"""Usage exports of providers: OpenAI's and Anthropic's usage APIs as JSON, and a plain CSV for everybody else.

https://platform.openai.com/docs/api-reference/usage/completions and
https://platform.claude.com/docs/en/api/admin-api/usage-cost/get-messages-usage-report; the CSV has a line of names:
`time` (RFC 3339) or `begins` and `ends`, `model`, `input_tokens`, `output_tokens`, and if one likes `request_id`,
`key`, `cost_usd`.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import StringIO

import orjson

from weighbridge.domain.billed import Billed
from weighbridge.domain.errors import CommandError
from weighbridge.domain.money import Money

Fields = Mapping[str, object]


def parse_export(content: bytes, form: str) -> list[Billed]:
    """The rows of an export. Raises CommandError that names the row at fault."""
    try:
        rows = list(_csv(content) if form == "csv" else _buckets(content, form))
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise _unreadable(f"it is no {'UTF-8 text' if form == 'csv' else 'JSON'} ({error})") from None
    if not rows:
        raise _unreadable("it has no row with a model")
    return rows


def _buckets(content: bytes, form: str) -> Iterator[Billed]:
    pages = orjson.loads(content)
    for page in pages if isinstance(pages, list) else [pages]:
        buckets = page.get("data") if isinstance(page, dict) else None
        if not isinstance(buckets, list):
            raise _unreadable("it has no list `data`")
        for number, bucket in enumerate(buckets, 1):
            if not isinstance(bucket, dict):
                raise _unreadable(f"bucket {number} is no object")
            yield from _OF_BUCKET[form](bucket, f"bucket {number}")


def _openai(bucket: Fields, place: str) -> Iterator[Billed]:
    begins, ends = _number(bucket, "start_time", place), _number(bucket, "end_time", place)
    for row in _rows(bucket, place):
        tokens = _number(row, "input_tokens", place), _number(row, "output_tokens", place)
        yield Billed(begins, ends, _model(row, place), *tokens)


def _anthropic(bucket: Fields, place: str) -> Iterator[Billed]:
    begins, ends = _moment(bucket, "starting_at", place), _moment(bucket, "ending_at", place)
    for row in _rows(bucket, place):
        written = row.get("cache_creation")
        parts = [_number(row, "uncached_input_tokens", place), _number(row, "cache_read_input_tokens", place)]
        parts += [_number(written, name, place) for name in written] if isinstance(written, dict) else []
        yield Billed(begins, ends, _model(row, place), sum(parts), _number(row, "output_tokens", place))


_OF_BUCKET = {"openai": _openai, "anthropic": _anthropic}


def _csv(content: bytes) -> Iterator[Billed]:
    for number, row in enumerate(csv.DictReader(StringIO(content.decode("utf-8-sig"))), 2):
        place = f"line {number}"
        if row.get("time"):
            begins = ends = _moment(row, "time", place)
        else:
            begins, ends = _moment(row, "begins", place), _moment(row, "ends", place)
        tokens = _number(row, "input_tokens", place), _number(row, "output_tokens", place)
        names = row.get("request_id") or None, row.get("key") or None
        yield Billed(begins, ends, _model(row, place), *tokens, *names, _cost(row.get("cost_usd"), place))


def _rows(bucket: Fields, place: str) -> list[Fields]:
    rows = bucket.get("results")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _unreadable(f"{place} has no list `results`")
    return rows


def _model(row: Fields, place: str) -> str:
    model = row.get("model")
    if not isinstance(model, str) or not model:
        raise _unreadable(f"{place} has a row without `model`; export it grouped by model")
    return model


def _number(row: Fields, name: str, place: str) -> int:
    value = row.get(name)
    text = str(value).strip() if value is not None else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _unreadable(f"{place}: `{name}` is {text[:30]!r} instead of a whole number")
    return int(text)


def _moment(row: Fields, name: str, place: str) -> float:
    text = str(row.get(name) or "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _unreadable(f"{place}: `{name}` is {text[:40]!r} and no time such as 2026-11-26T00:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _cost(text: str | None, place: str) -> Money | None:
    if not text:
        return None
    try:
        return Money.usd(text.strip())
    except ValueError:
        raise _unreadable(f"{place}: `cost_usd` is {text[:30]!r} instead of an amount") from None


def _unreadable(what: str) -> CommandError:
    return CommandError(f"The export cannot be read: {what}.", advice="Export it anew, or say what it is with --form.")
