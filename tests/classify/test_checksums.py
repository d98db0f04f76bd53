import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.classify.checksums import is_card, is_iban, is_luhn

IBANS = ["DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947", "FR1420041010050500013M02606"]


@pytest.mark.parametrize("iban", IBANS)
def test_the_registrys_examples_are_accepted(iban: str) -> None:
    assert is_iban(iban)


@pytest.mark.parametrize("text", ["", "DE", "XX89370400440532013000", "DE8937040044053201300", "DE89-3704-0044-0532-0"])
def test_what_has_the_wrong_country_length_or_signs_is_no_iban(text: str) -> None:
    assert not is_iban(text)


@given(st.sampled_from(IBANS), st.integers(4, 14), st.integers(1, 9))
def test_one_wrong_digit_is_noticed_in_an_iban(iban: str, place: int, shift: int) -> None:
    if iban[place].isdigit():
        wrong = str((int(iban[place]) + shift) % 10)
        assert not is_iban(iban[:place] + wrong + iban[place + 1 :])


@given(st.text("0123456789", min_size=1, max_size=20), st.integers(1, 9), st.integers(0))
def test_exactly_one_check_digit_is_right_and_one_wrong_digit_is_noticed(body: str, shift: int, at: int) -> None:
    (right,) = [digit for digit in "0123456789" if is_luhn(body + digit)]
    number, place = body + right, at % (len(body) + 1)
    assert not is_luhn(number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :])


CARDS = "4111111111111111 5555555555554444 2223003122003222 6011111111111117 3530111333300000 378282246310005"


@pytest.mark.parametrize("number", CARDS.split())
def test_the_networks_test_numbers_are_cards(number: str) -> None:
    assert is_card(number)


@pytest.mark.parametrize("number", ["0000000000000000", "1234567812345670", "411111111111111", "4111111111111112"])
def test_a_number_outside_every_issuers_range_is_no_card(number: str) -> None:
    assert not is_card(number)
