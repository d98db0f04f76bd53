import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.classify.detection import Detection
from weighbridge.classify.detectors import detect

D = Detection
RUN = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7"
"""Made-up material for keys; nothing here opens anything."""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jane.doe+x@mail.example.co.uk, please", D.EMAIL),
        ("<a@b.io>", D.EMAIL),
        ("My mail is ANN@ACME.ORG.", D.EMAIL),
        ("call +49 30 901820 today", D.PHONE),
        ("+1 (555) 010-9999", D.PHONE),
        ("tel:+442079460958", D.PHONE),
        ("(415) 555-0132", D.PHONE),
        ("415-555-0132", D.PHONE),
        ("1-415-555-0132", D.PHONE),
        ("Phone: 030 901820", D.PHONE),
        ("my mobile number is 0170 1234567", D.PHONE),
        ("IBAN DE89 3704 0044 0532 0130 00 thanks", D.BANK_ACCOUNT),
        ("GB29NWBK60161331926819", D.BANK_ACCOUNT),
        ("MT84MALT011000012345MTLCAST001S", D.BANK_ACCOUNT),
        ("card 4111 1111 1111 1111", D.PAYMENT_CARD),
        ("5555555555554444.", D.PAYMENT_CARD),
        ("3782-822463-10005", D.PAYMENT_CARD),
        ("SSN 123-45-6789", D.SOCIAL_SECURITY),
        ("AKIAIOSFODNN7EXAMPLE", D.CLOUD_KEY),
        ("ghp_" + "a1B2" * 9, D.REPOSITORY_KEY),
        ("github_pat_" + RUN, D.REPOSITORY_KEY),
        ("key=sk-ant-api03-" + RUN + "-" + RUN, D.API_KEY),
        ("sk-proj-" + RUN, D.API_KEY),
        ("sk-" + RUN, D.API_KEY),
        ("AIza" + "a1B2c" * 7, D.API_KEY),
        ("xoxb-1234567890-" + RUN, D.API_KEY),
        ("sk_live_" + RUN, D.API_KEY),
        (f"Bearer eyJ{RUN}.eyJ{RUN}.{RUN}", D.SIGNED_CLAIM),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", D.PRIVATE_KEY),
        ("-----BEGIN PRIVATE KEY-----", D.PRIVATE_KEY),
        ("password=hunter2", D.LOGIN),
        ('"api_key": "9f8e7d6c5b"', D.LOGIN),
        ("My Password : Summer2024!", D.LOGIN),
        ("postgres://app:s3cr3t-pw@db/main", D.LOGIN),
    ],
)
def test_obvious_personal_data_and_secrets_are_found(text: str, kind: Detection) -> None:
    assert kind in detect(text)
    assert kind in detect("Dear team,\n" + text + "\nregards")


@pytest.mark.parametrize(
    "text",
    [
        "version 10.11.12.13 of build 2024.11.25.1",
        "order number 4711-0815-2024-0001 and 1234567890",
        "order 4111 1111 1111 1112",
        "ticket 1234567812345670 of 2024",
        "from 2024-11-25 10:30:00 to 25.11.2024 11:45",
        "550e8400-e29b-41d4-a716-446655440000",
        "0123456789012345678901234567890123456789",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "revenue grew by +10 000 000 000 to 12,345,678,901.50 EUR",
        "UTC+0100, 1.2345678901e10, 3.14159265358979",
        "10.1038/s41586-020-2649-2 and ISBN 978-3-16-148410-0",
        "timestamp 1732500000000 and 1732500000",
        "000-12-3456, 666-12-3456, 123-00-4567, 900-12-3456",
        "DE89 3704 0044 0532 0130 01",
        "git@github.com:acme/app.git, icon@2x.png, left-pad@1.3.0, @mention, a @ b",
        "the password: must have 8 characters, the token: is required",
        "password=${PASSWORD1}, api_key=YOUR_API_KEY_1, pwd: ********1, password = os.environ['PW1']",
        "max_tokens=4096, token: abc, secret santa is on 2024-12-24",
        "sk-cube-grid-animation-2 and task-management-system-2024-rollout",
        "https://example.org:8080/path@2x",
        "eyJ is how such tokens begin",
        "-----BEGIN PUBLIC KEY-----",
        "AKIA is a prefix, AKIAlowercase0000000 is not a key",
        "phone lines are open, 20241125 visits, we telephone at 10:30",
        "",
    ],
)
def test_numbers_names_and_placeholders_are_no_alarm(text: str) -> None:
    assert detect(text) == frozenset()


def test_several_kinds_are_found_at_once() -> None:
    found = detect("jane@acme.org, 4111 1111 1111 1111, password=hunter2")
    assert found == {D.EMAIL, D.PAYMENT_CARD, D.LOGIN}
    assert {kind for kind in found if kind.is_secret} == {D.LOGIN}


HOSTILE = [
    "a@",
    "a@a.",
    "@a-",
    "1",
    "1 ",
    "1-",
    "+1",
    "(1)",
    "1111 ",
    "123-45-",
    " ",
    "AA11",
    "DE89 ",
    "eyJ",
    "eyJaaaaaaaaaaa.",
    "-eyJ",
    "sk-",
    "sk-a-",
    "xoxb-",
    "ghp_",
    "password=",
    "password:  ",
    "://a:",
    "://:aaaaaa",
    "-----BEGIN ",
    "A PRIVATE KEY-----",
    "phone ",
    "tel: 1 ",
    "AKIA0000",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_megabyte_made_to_hurt_is_searched_to_its_end(unit: str) -> None:
    """Any pattern that went back over what it has read would need hours here."""
    assert D.EMAIL in detect(unit * (1_000_000 // len(unit)) + " ann@acme.org ")


@given(st.text(st.characters()) | st.text("0123456789 -+@.:=/aAeyJsk_", max_size=300))
def test_any_text_can_be_searched(text: str) -> None:
    assert detect(text) <= set(Detection)
