"""Errors both ways: a provider's page is read down to its code, ours say what to do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.dialects.openai_chat.errors import parse_error, render_error
from weighbridge.domain.errors import (
    BudgetExceededError,
    ContentPolicyError,
    ContextTooLongError,
    ForbiddenError,
    InputTooLongError,
    InvalidFieldError,
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


def page(**error: object) -> bytes:
    return json.dumps({"error": {"message": "You wrote: my secret prompt"} | error}).encode()


@pytest.mark.parametrize(
    ("status", "code", "kind", "is_retryable"),
    [
        (401, "invalid_api_key", ProviderAuthError, False),
        (402, None, ProviderQuotaError, False),
        (403, "forbidden", ProviderAuthError, False),
        (429, "rate_limit_exceeded", ProviderRateLimitedError, True),
        (429, "insufficient_quota", ProviderQuotaError, False),
        (400, "billing_hard_limit_reached", ProviderQuotaError, False),
        (400, "invalid_value", ProviderRejectedError, False),
        (404, "model_not_found", ProviderRejectedError, False),
        (413, None, ProviderRejectedError, False),
        (422, None, ProviderRejectedError, False),
        (408, None, ProviderTimeoutError, True),
        (504, None, ProviderTimeoutError, True),
        (409, None, ProviderUnavailableError, True),
        (500, "server_error", ProviderUnavailableError, True),
        (503, None, ProviderOverloadedError, True),
        (529, "overloaded_error", ProviderOverloadedError, True),
        (302, None, ProviderUnavailableError, True),
    ],
)
def test_a_status_has_its_meaning(status: int, code: str | None, kind: type[ProviderError], is_retryable: bool) -> None:
    error = parse_error(status, None, page(code=code))
    assert type(error) is kind
    assert error.is_retryable is is_retryable
    assert error.provider_status == status
    assert error.advice
    assert (code or str(status)) in error.condition


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (page(code="context_length_exceeded", type="invalid_request_error"), ContextTooLongError),
        (page(code=400, type="exceed_context_size_error", n_prompt_tokens=9000), ContextTooLongError),
        (
            b'{"object":"error","message":"The maximum context length is 4096 tokens.","type":"BadRequestError"}',
            ContextTooLongError,
        ),
        (page(code="content_filter", type=None, innererror={}), ContentPolicyError),
        (page(code="content_policy_violation"), ContentPolicyError),
        (b'{"detail":"secret"}', ProviderRejectedError),
    ],
)
def test_what_was_rejected_has_its_own_kind(body: bytes, kind: type[ProviderError]) -> None:
    assert type(parse_error(400, None, body)) is kind


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>secret</body></html>",
        b"secret",
        b"\xff\x00secret",
        b'"secret"',
        b'{"error":"secret"}',
        b'{"error":{"message":"secret","code":"secret words with space"}}',
        b'{"error":{"code":"secret-with-a-key-in-it-sk-123456"}}',
        b'{"error":{"code":["secret"],"type":{"a":"secret"}}}',
        b'{"error":{"code":"' + b"secret" * 20_000 + b'"}}',
    ],
)
@pytest.mark.parametrize("status", [400, 401, 429, 502])
def test_a_page_never_enters_the_message(body: bytes, status: int) -> None:
    assert "secret" not in str(parse_error(status, None, body))


def test_an_error_status_is_free_but_a_time_out_may_have_cost() -> None:
    assert not parse_error(500, None, b"").may_have_cost
    assert parse_error(504, None, b"").may_have_cost


@given(st.integers(100, 999), st.binary(max_size=60))
def test_anything_gives_a_provider_error(status: int, body: bytes) -> None:
    assert isinstance(parse_error(status, None, body), ProviderError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidFieldError("Bad.", advice="Fix.", param="messages[0].content"), "invalid_request_error"),
        (InputTooLongError("Long.", advice="Cut."), "invalid_request_error"),
        (NotFoundError("None.", advice="List.", code="unknown_model", param="model"), "invalid_request_error"),
        (UnauthenticatedError("Who?", advice="Send a key."), "authentication_error"),
        (ForbiddenError("No.", advice="Ask."), "permission_error"),
        (BudgetExceededError("Spent.", advice="Wait."), "rate_limit_error"),
        (OverloadedError("Full.", advice="Wait."), "server_error"),
        (WeighbridgeError("Odd.", advice=""), "server_error"),
    ],
)
def test_our_errors_bear_openai_s_types(error: WeighbridgeError, kind: str) -> None:
    fields = json.loads(render_error(error))["error"]
    assert fields == {"message": str(error), "type": kind, "param": error.param, "code": error.code}


def test_an_error_names_its_record_once_there_is_one() -> None:
    error = OverloadedError("Full.", advice="Wait.", record_id="rec_1")
    assert json.loads(render_error(error))["error"]["record"] == "rec_1"
