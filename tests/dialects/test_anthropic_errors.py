"""Errors both ways: a provider's page is read down to its type, ours say what to do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dialects.anthropic_messages.errors import parse_error, render_error
from weighbridge.domain.errors import (
    BodyTooLargeError,
    BudgetExceededError,
    ContentPolicyError,
    ContextTooLongError,
    DeadlineExceededError,
    ForbiddenError,
    InvalidFieldError,
    MethodNotAllowedError,
    NotFoundError,
    OverloadedError,
    ProviderAuthError,
    ProviderError,
    ProviderOverloadedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnauthenticatedError,
    WeighbridgeError,
)


def page(kind: object, message: str = "You wrote: my secret prompt", **fields: object) -> bytes:
    error = {"type": kind, "message": message} | fields
    return json.dumps({"type": "error", "error": error, "request_id": "req_1"}).encode()


@pytest.mark.parametrize(
    ("status", "kind", "error", "is_retryable"),
    [
        (400, "invalid_request_error", ProviderRejectedError, False),
        (401, "authentication_error", ProviderAuthError, False),
        (402, "billing_error", ProviderQuotaError, False),
        (403, "permission_error", ProviderAuthError, False),
        (404, "not_found_error", ProviderRejectedError, False),
        (408, None, ProviderTimeoutError, True),
        (409, "conflict_error", ProviderUnavailableError, True),
        (413, "request_too_large", ProviderRejectedError, False),
        (429, "rate_limit_error", ProviderRateLimitedError, True),
        (500, "api_error", ProviderUnavailableError, True),
        (502, None, ProviderUnavailableError, True),
        (504, "timeout_error", ProviderTimeoutError, True),
        (529, "overloaded_error", ProviderOverloadedError, True),
    ],
)
def test_a_status_has_its_meaning(
    status: int, kind: str | None, error: type[ProviderError], is_retryable: bool
) -> None:
    found = parse_error(status, 20.0, page(kind))
    assert type(found) is error
    assert found.is_retryable is is_retryable
    assert found.provider_status == status
    assert found.advice
    assert (kind or str(status)) in found.condition
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, page("invalid_request_error", "Your credit balance is too low to access the Anthropic API.")),
        (400, page("invalid_request_error", "You have reached your specified API usage limits.")),
        (429, page("rate_limit_error", "x", details={"error_code": "enforced_spend_limit_reached"})),
    ],
)
def test_an_account_without_credit_is_not_a_bad_request(status: int, body: bytes) -> None:
    assert type(parse_error(status, None, body)) is ProviderQuotaError


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    ],
)
def test_an_input_that_is_too_long_is_noted(message: str) -> None:
    error = parse_error(400, None, page("invalid_request_error", message))
    assert type(error) is ContextTooLongError
    assert "too long" in error.condition
    assert "000" not in error.condition


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>secret</body></html>",
        b"\xff\x00secret",
        b'"secret"',
        b'{"error":"secret"}',
        page("secret words with space"),
        page("secret-with-a-key-in-it-sk-ant-123456"),
        page(["secret"]),
        page("secret" * 20_000),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 429, 502])
def test_a_page_never_enters_the_message(body: bytes, status: int) -> None:
    assert "secret" not in str(parse_error(status, None, body))


@given(st.integers(100, 999), st.binary(max_size=60))
def test_anything_gives_a_provider_error(status: int, body: bytes) -> None:
    assert isinstance(parse_error(status, None, body), ProviderError)


def test_a_content_filter_is_no_bad_request() -> None:
    body = page("invalid_request_error", "Output blocked by content filtering policy")
    assert type(parse_error(400, None, body)) is ContentPolicyError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidFieldError("Bad.", advice="Fix.", param="messages[0].content"), "invalid_request_error"),
        (MethodNotAllowedError("No.", advice="POST."), "invalid_request_error"),
        (NotFoundError("None.", advice="List.", code="unknown_model", param="model"), "not_found_error"),
        (BodyTooLargeError("Large.", advice="Cut."), "request_too_large"),
        (UnauthenticatedError("Who?", advice="Send a key."), "authentication_error"),
        (ForbiddenError("No.", advice="Ask."), "permission_error"),
        (BudgetExceededError("Spent.", advice="Wait."), "rate_limit_error"),
        (OverloadedError("Full.", advice="Wait."), "overloaded_error"),
        (DeadlineExceededError("Late.", advice="Wait.", attempts=[]), "timeout_error"),
        (WeighbridgeError("Odd.", advice=""), "api_error"),
    ],
)
def test_our_errors_bear_anthropic_s_types_and_our_codes(error: WeighbridgeError, kind: str) -> None:
    fields = {"type": kind, "message": str(error), "code": error.code, "param": error.param}
    assert json.loads(render_error(error)) == {"type": "error", "error": fields, "request_id": None}


def test_an_error_names_its_record_once_there_is_one() -> None:
    error = OverloadedError("Full.", advice="Wait.", record_id="rec_1")
    assert json.loads(render_error(error))["request_id"] == "rec_1"
