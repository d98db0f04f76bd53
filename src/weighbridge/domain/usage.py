"""Token counts: what we estimated before a call, what the provider reported after it."""

from dataclasses import dataclass

WORDS = "words"
"""The estimator of last resort: words / 0.75, at least 1."""

TOKENIZERS: tuple[str, ...] = (
    WORDS,
    "cl100k_base",
    "o200k_base",
    "llama3",
    "qwen3",
    "deepseek_v3",
    "mistral_v3",
    "gemma3",
)
"""Vocabularies that `budget.count_tokens` can count with, offline."""


@dataclass(frozen=True, slots=True)
class TokenCount:
    """A count and how it was made."""

    tokens: int
    """Number of tokens."""
    method: str
    """`o200k_base` and so on for a real vocabulary; `words` for the words / 0.75 estimate."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call consumed, in parts that do not overlap, so that they sum to the total."""

    input_tokens: int
    """Uncached input tokens."""
    output_tokens: int
    """All output tokens, reasoning included."""
    cache_read_tokens: int = 0
    """Input tokens read from the provider's cache."""
    cache_write_tokens: int = 0
    """Input tokens written to the provider's cache."""
    reasoning_tokens: int = 0
    """The part of `output_tokens` spent on reasoning that the caller does not see."""
    is_estimated: bool = False
    """True where the provider reported nothing and we counted ourselves."""
    cache_write_1h_tokens: int = 0
    """The part of `cache_write_tokens` that is kept for an hour rather than minutes, which costs more."""

    @property
    def prompt_tokens(self) -> int:
        """All input, cached or not: what OpenAI's wire format calls `prompt_tokens`."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cache_write_1h_tokens=self.cache_write_1h_tokens + other.cache_write_1h_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            is_estimated=self.is_estimated or other.is_estimated,
        )
