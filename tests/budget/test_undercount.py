"""What a provider may count above our own count of an input."""

from weighbridge.budget.lengths import FEWEST, OutputLengths
from weighbridge.budget.undercount import AT_MOST, FIXED_TOKENS, Undercounts


def test_before_a_model_has_told_anything_an_estimate_by_words_gets_more_room_than_a_vocabulary() -> None:
    counts = Undercounts()
    assert counts.at_most("m", 1_000, "words") == 1_501 + FIXED_TOKENS
    assert counts.at_most("m", 1_000, "o200k_base") == 1_101 + FIXED_TOKENS


def test_the_largest_ratio_of_late_is_what_is_expected_and_one_odd_count_is_bounded() -> None:
    counts = Undercounts()
    counts.note("m", 1_000, 1_264)
    counts.note("m", 1_000, 900)
    assert counts.at_most("m", 2_000, "words") == 2_401 + FIXED_TOKENS
    counts.note("m", 10, 100_000)
    assert counts.at_most("m", 100, "words") == int(100 * AT_MOST) + 1 + FIXED_TOKENS
    assert counts.at_most("other", 1_000, "words") == 1_501 + FIXED_TOKENS


def test_a_usual_length_is_told_once_enough_answers_are_known_and_covers_nearly_all() -> None:
    lengths = OutputLengths()
    for number in range(1, FEWEST):
        lengths.note("t", number)
    assert lengths.usual("t") is None
    lengths.note("t", FEWEST)
    assert lengths.usual("t") == FEWEST
    for number in range(FEWEST + 1, 101):
        lengths.note("t", number)
    assert lengths.usual("t") == 96


def test_old_lengths_are_forgotten() -> None:
    lengths = OutputLengths({"t": [1_000] * 500})
    for _ in range(500):
        lengths.note("t", 10)
    assert lengths.usual("t") == 10
