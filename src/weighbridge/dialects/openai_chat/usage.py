"""Token usage in OpenAI's shape, both ways."""

from weighbridge.domain.usage import Usage


def parse_usage(value: object) -> Usage | None:
    """Usage in parts that do not overlap; `None` when the host reported none that can be read.

    OpenAI counts cached tokens inside `prompt_tokens` and reasoning inside `completion_tokens`. Some hosts leave
    reasoning out of `completion_tokens`; their `total_tokens` still holds it, so the total decides.
    """
    if not isinstance(value, dict):
        return None
    prompt, output = _count(value, "prompt_tokens"), _count(value, "completion_tokens")
    if prompt is None or output is None:
        return None
    details = value.get("prompt_tokens_details")
    cached = _count(details, "cached_tokens") or _count(value, "prompt_cache_hit_tokens") or 0
    written = _count(details, "cache_write_tokens") or 0
    cached = min(cached, prompt)
    written = min(written, prompt - cached)
    reasoning = _count(value.get("completion_tokens_details"), "reasoning_tokens") or 0
    unlisted = max(0, (_count(value, "total_tokens") or 0) - prompt - output)
    return Usage(
        input_tokens=prompt - cached - written,
        output_tokens=output + unlisted,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=min(max(reasoning, unlisted), output + unlisted),
    )


def _count(fields: object, key: str) -> int | None:
    value = fields.get(key) if isinstance(fields, dict) else None
    return value if type(value) is int and value >= 0 else None


def render_usage(usage: Usage) -> dict[str, object]:
    """Usage as OpenAI's clients read it."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.prompt_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
