"""How many tokens a text has, by the vocabulary of the model that will read it."""

from collections.abc import Iterable
from functools import cache
from typing import Protocol

from weighbridge.domain.request import Attachment, Audio, Image, Message, attached_to
from weighbridge.domain.usage import TOKENIZERS, WORDS, TokenCount

TOKENS_PER_WORD_DIVISOR = 0.75
"""An English token is about three quarters of a word."""


IMAGE_TOKENS = 1_600
"""Of a picture or a page, at Anthropic's usual resolution; OpenAI's and Gemini's are about half of it."""
AUDIO_BYTES_A_TOKEN = 500
"""32 tokens a second (Gemini's rate) of 128 kbit/s."""
FILE_BYTES_A_TOKEN = 40
"""A page of 60 kB has about 1,500 tokens."""
UNSEEN_FILE_BYTES = 1_000_000
"""A file by its address is taken to be so large."""
LARGEST_FILE_TOKENS = 100_000


class Vocabulary(Protocol):
    """What is used of a loaded vocabulary."""

    def encode_ordinary(self, text: str) -> list[int]:
        """The tokens of `text`, with markers such as `<|endoftext|>` read as the plain text they are."""
        ...


def count_tokens(text: str, tokenizer: str) -> TokenCount:
    """Count with `tokenizer`, a name of `TOKENIZERS`; `words` is the estimate max(1, int(words / 0.75)).

    The first count with a vocabulary loads it (20-110 ms); after that 1 kB takes about 10 microseconds. Exact for text
    alone: what a provider adds for roles and tools is not counted. Raises ValueError for a name that is not known.
    """
    if tokenizer == WORDS:
        return TokenCount(max(1, int(len(text.split()) / TOKENS_PER_WORD_DIVISOR)), WORDS)
    vocabulary = load_vocabulary(tokenizer)
    try:
        tokens = vocabulary.encode_ordinary(text)
    except UnicodeEncodeError:  # a lone surrogate, which no parser lets in but a caller in Python can write
        tokens = vocabulary.encode_ordinary(text.encode(errors="replace").decode())
    return TokenCount(len(tokens), tokenizer)


def attachment_tokens(messages: Iterable[Message]) -> int:
    """About what pictures, recordings and files count as. Nobody outside the provider can tell exactly: what it counted
    is learned from (`budget/undercount.py`)."""
    return sum(map(_estimated, attached_to(messages)))


def _estimated(part: Attachment) -> int:
    if isinstance(part, Image):
        return IMAGE_TOKENS
    size = len(part.url) * 3 // 4 if part.url and part.url.startswith("data:") else UNSEEN_FILE_BYTES
    if isinstance(part, Audio):
        return size // AUDIO_BYTES_A_TOKEN + 1
    return min(LARGEST_FILE_TOKENS, IMAGE_TOKENS + size // FILE_BYTES_A_TOKEN)


@cache
def load_vocabulary(name: str) -> Vocabulary:
    """The vocabulary, loaded once and kept. Raises ValueError for a name outside `TOKENIZERS`."""
    if name not in TOKENIZERS:
        raise ValueError(f"unknown tokenizer {name!r}; known are {', '.join(TOKENIZERS)}")
    from splintr import Tokenizer

    vocabulary: Vocabulary = Tokenizer.from_pretrained(name)
    return vocabulary
