import pytest
from hypothesis import given
from hypothesis import strategies as st
from splintr import Tokenizer

from weighbridge.budget.tokens import count_tokens, load_vocabulary
from weighbridge.domain.usage import TOKENIZERS, WORDS, TokenCount

VOCABULARIES = [name for name in TOKENIZERS if name != WORDS]


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_declared_vocabulary_is_in_the_package(name: str) -> None:
    assert count_tokens("hello world", name) == TokenCount(2, name)


def test_the_library_still_refuses_a_name_it_does_not_carry() -> None:
    with pytest.raises(ValueError, match="Unknown pretrained model"):
        Tokenizer.from_pretrained("claude")


def test_an_undeclared_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown tokenizer 'claude'; known are words, cl100k_base"):
        count_tokens("hello", "claude")


@pytest.mark.parametrize(("text", "tokens"), [("", 1), ("one", 1), ("one two three", 4), ("a b c d e f g", 9)])
def test_the_estimate_is_words_over_three_quarters_and_says_so(text: str, tokens: int) -> None:
    assert count_tokens(text, WORDS) == TokenCount(tokens, WORDS)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [("cl100k_base", 10), ("o200k_base", 10)],
)
def test_a_known_sentence_has_its_published_length(name: str, tokens: int) -> None:
    assert count_tokens("The quick brown fox jumps over the lazy dog.", name).tokens == tokens


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_marker_in_user_text_is_plain_text(name: str) -> None:
    for marker in ("<|endoftext|>", "<|im_start|>", "<|begin_of_text|>", "<s>", "[INST]", "<start_of_turn>"):
        assert count_tokens(marker, name).tokens > 1


def test_a_vocabulary_is_loaded_once() -> None:
    assert load_vocabulary("o200k_base") is load_vocabulary("o200k_base")


@given(st.text(st.characters()), st.sampled_from(VOCABULARIES))
def test_any_text_can_be_counted(text: str, name: str) -> None:
    assert 0 <= count_tokens(text, name).tokens <= 4 * len(text) + 1


def test_a_lone_surrogate_counts_as_a_replacement() -> None:
    assert count_tokens("a\ud800b", "o200k_base") == count_tokens("a?b", "o200k_base")
