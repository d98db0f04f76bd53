"""A provider's bill against our records: answer by answer where it has ids, else in sums."""

from datetime import UTC, datetime
from typing import Any

import pytest

from weighbridge.budget.reconcile import reconcile
from weighbridge.dialects.usage_export import parse_export
from weighbridge.domain.billed import Billed, Known
from weighbridge.domain.errors import CommandError
from weighbridge.domain.money import Money

DAY = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
DAY_S = 86_400.0


def a_day(model: str, tokens: int, **fields: Any) -> Billed:
    return Billed(DAY, DAY + DAY_S, model, tokens, 0, **fields)


def a_call(model: str, tokens: int | None, at: float = DAY + 60, key: str = "app", **fields: Any) -> Known:
    return Known(at, model, key, "rec_1", input_tokens=tokens, output_tokens=None if tokens is None else 0, **fields)


def test_sums_of_a_day_are_compared_by_model() -> None:
    billed = [a_day("big", 100), a_day("small", 10)]
    known = [a_call("big", 60), a_call("big", 40), a_call("small", 9), a_call("elsewhere", 1_000)]
    big, small = reconcile(billed, known)
    assert (big.what, big.model, big.billed_tokens, big.known_tokens, big.calls) == ("2026-11-25", "big", 100, 100, 2)
    assert big.off == 0.0
    assert small.off == pytest.approx(0.1)


def test_answers_with_an_id_are_compared_one_by_one_and_not_again_in_sums() -> None:
    billed = [Billed(DAY, DAY, "m", 10, 0, "one"), Billed(DAY, DAY, "m", 7, 0, "gone")]
    known = [a_call("m", 12, provider_id="one"), a_call("m", 5, provider_id="two")]
    one, rest = reconcile(billed, known)
    assert (one.what, one.billed_tokens, one.known_tokens) == ("one", 10, 12)
    assert (rest.what, rest.billed_tokens, rest.known_tokens) == ("2026-11-25", 7, 5)


def test_what_only_one_side_has_is_wholly_off() -> None:
    only_billed, only_known = reconcile(
        [a_day("m", 5), Billed(DAY + DAY_S, DAY + 2 * DAY_S, "n", 0, 0)], [a_call("n", 7)]
    )[:2]
    assert (only_billed.off, only_billed.calls) == (1.0, 0)
    assert (only_known.off, only_known.billed_cost) == (1.0, Money(0))


def test_unknown_usage_is_counted_and_is_not_zero() -> None:
    (row,) = reconcile([a_day("m", 10, cost=Money(5))], [a_call("m", 10, cost=Money(5)), a_call("m", None)])
    assert (row.calls, row.unknown, row.known_tokens) == (2, 1, 10)
    assert (row.billed_cost, row.known_cost) == (Money(5), None)


def test_keys_are_told_apart_where_the_export_does() -> None:
    billed = [a_day("m", 10, key="app"), a_day("m", 20, key="web")]
    rows = reconcile(billed, [a_call("m", 10), a_call("m", 20, key="web"), a_call("m", 1, key="new")])
    assert [(row.key, row.off) for row in rows] == [("app", 0.0), ("new", 1.0), ("web", 0.0)]


OPENAI = b"""{"object": "page", "data": [{"object": "bucket", "start_time": 1764028800, "end_time": 1764115200,
"results": [{"object": "organization.usage.completions.result", "input_tokens": 1000, "output_tokens": 500,
"input_cached_tokens": 800, "num_model_requests": 5, "model": "gpt-5-mini"}]}], "has_more": false}"""
ANTHROPIC = b"""{"data": [{"starting_at": "2025-11-25T00:00:00Z", "ending_at": "2025-11-26T00:00:00Z", "results": [
{"uncached_input_tokens": 1500,
"cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
"cache_read_input_tokens": 200, "output_tokens": 500, "model": "claude-sonnet-5", "service_tier": "standard"}]}]}"""
CSV = b"\xef\xbb\xbftime,model,input_tokens,output_tokens,request_id,cost_usd\n2025-11-25T10:00:00Z,m,3,4,abc,0.5\n"


@pytest.mark.parametrize(
    ("content", "form", "row"),
    [
        (OPENAI, "openai", Billed(1764028800, 1764115200, "gpt-5-mini", 1_000, 500)),
        (b"[%b]" % OPENAI, "openai", Billed(1764028800, 1764115200, "gpt-5-mini", 1_000, 500)),
        (ANTHROPIC, "anthropic", Billed(1764028800, 1764115200, "claude-sonnet-5", 3_200, 500)),
        (CSV, "csv", Billed(1764064800, 1764064800, "m", 3, 4, "abc", None, Money.usd("0.5"))),
    ],
)
def test_an_export_is_read_as_its_provider_writes_it(content: bytes, form: str, row: Billed) -> None:
    assert parse_export(content, form) == [row]


@pytest.mark.parametrize(
    ("content", "form", "told"),
    [
        (b"{", "openai", "no JSON"),
        (b"[]", "openai", "no row"),
        (b"{}", "openai", "no list `data`"),
        (b'{"data": [1]}', "openai", "bucket 1 is no object"),
        (b'{"data": [{}]}', "openai", "`start_time`"),
        (b'{"data": [{"start_time": 1, "end_time": 2}]}', "openai", "no list `results`"),
        (OPENAI.replace(b'"gpt-5-mini"', b"null"), "openai", "grouped by model"),
        (OPENAI.replace(b"1000", b"-1"), "openai", "`input_tokens` is '-1'"),
        (ANTHROPIC.replace(b"2025-11-25T00:00:00Z", b"soon"), "anthropic", "`starting_at` is 'soon'"),
        (b"\xff", "csv", "no UTF-8"),
        (b"time,model\n", "csv", "no row"),
        (b"model,input_tokens\nm,1\n", "csv", "line 2: `begins`"),
        (CSV.replace(b"0.5", b"dear"), "csv", "`cost_usd` is 'dear'"),
    ],
)
def test_what_is_no_export_is_a_sentence_with_its_place(content: bytes, form: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        parse_export(content, form)
