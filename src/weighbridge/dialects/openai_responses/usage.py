"""Token usage in the shape of OpenAI's Responses, both ways."""

from weighbridge.domain.usage import Usage


def parse_usage(value: object) -> Usage | None:
    """Usage in parts that do not overlap; `None` when none can be read. Cached tokens are inside `input_tokens`,
    reasoning inside `output_tokens`."""
    if not isinstance(value, dict):
        return None
    prompt, output = _count(value, "input_tokens"), _count(value, "output_tokens")
    if prompt is None or output is None:
        return None
    details = value.get("input_tokens_details")
    cached = min(_count(details, "cached_tokens") or 0, prompt)
    written = min(_count(details, "cache_write_tokens") or 0, prompt - cached)
    reasoning = _count(value.get("output_tokens_details"), "reasoning_tokens") or 0
    return Usage(
        input_tokens=prompt - cached - written,
        output_tokens=output,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=min(reasoning, output),
    )


def _count(fields: object, key: str) -> int | None:
    value = fields.get(key) if isinstance(fields, dict) else None
    return value if type(value) is int and value >= 0 else None


def render_usage(usage: Usage | None) -> dict[str, object] | None:
    """Usage as clients read it; null when unknown."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.output_tokens,
    }
