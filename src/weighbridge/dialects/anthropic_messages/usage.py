"""Token usage in Anthropic's shape, both ways."""

from collections.abc import Mapping

from weighbridge.domain.usage import Usage

UNKNOWN_USAGE: Mapping[str, int] = {"input_tokens": 0, "output_tokens": 0}
"""What stands where the format demands counts and nobody knows them."""


def parse_usage(value: object, before: Usage | None = None) -> Usage | None:
    """Usage in parts that do not overlap; `None` when the host reported none that can be read.

    Anthropic's `input_tokens` leave out what was read from or written to the cache, so its parts are ours. A stream
    reports twice, the counts grow, and the second report may leave input out: `before` is the first one's.
    """
    if not isinstance(value, dict):
        return before
    known = before or Usage(0, 0)
    has_both = before is not None or all(_count(value, key) is not None for key in UNKNOWN_USAGE)
    if not has_both:
        return None
    output = _larger(value, "output_tokens", known.output_tokens)
    written = _larger(value, "cache_creation_input_tokens", known.cache_write_tokens)
    for_an_hour = _larger(value.get("cache_creation"), "ephemeral_1h_input_tokens", known.cache_write_1h_tokens)
    return Usage(
        input_tokens=_larger(value, "input_tokens", known.input_tokens),
        output_tokens=output,
        cache_read_tokens=_larger(value, "cache_read_input_tokens", known.cache_read_tokens),
        cache_write_tokens=written,
        cache_write_1h_tokens=min(for_an_hour, written),
        reasoning_tokens=min(
            _larger(value.get("output_tokens_details"), "thinking_tokens", known.reasoning_tokens), output
        ),
    )


def _larger(fields: object, key: str, known: int) -> int:
    """The cumulative count: some hosts end with a zero where they began with the figure."""
    return max(_count(fields, key) or 0, known)


def _count(fields: object, key: str) -> int | None:
    value = fields.get(key) if isinstance(fields, dict) else None
    return value if type(value) is int and value >= 0 else None


def render_usage(usage: Usage | None) -> dict[str, object]:
    """Usage as Anthropic's clients read it, who break where it is missing."""
    if usage is None:
        return dict(UNKNOWN_USAGE)
    counts: dict[str, object] = {
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.cache_write_1h_tokens:
        counts["cache_creation"] = {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens - usage.cache_write_1h_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        }
    if usage.reasoning_tokens:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return counts
