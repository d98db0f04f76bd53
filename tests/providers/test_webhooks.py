"""Signed by the published scheme, and silent about what the receiver said."""

import base64
import time
from contextlib import AbstractAsyncContextManager

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from weighbridge.domain.errors import ProviderUnavailableError
from weighbridge.domain.secret import Secret
from weighbridge.providers.transport import HttpAnswer, HttpCall, HttpStream
from weighbridge.providers.webhooks import WebhookCalls, check_webhook

SECRET = Secret("${env:HOOK}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


class Answers:
    """A transport that gives one answer."""

    def __init__(self, answer: int | ProviderUnavailableError) -> None:
        self.answer, self.calls = answer, list[HttpCall]()

    async def send(self, call: HttpCall, timeout_s: float) -> HttpAnswer:
        self.calls.append(call)
        if isinstance(self.answer, ProviderUnavailableError):
            raise self.answer
        return HttpAnswer(self.answer, {}, b"")

    def open(self, call: HttpCall, timeout_s: float) -> AbstractAsyncContextManager[HttpStream]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


async def sent(answer: int | ProviderUnavailableError, body: bytes, now: float) -> tuple[HttpCall, str | None]:
    transport = Answers(answer)
    fault = await WebhookCalls(transport).tell("https://x.test/hook", SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, now)
    return transport.calls[0], fault


async def test_the_signature_is_that_of_the_published_example() -> None:
    """From the reference implementations of Standard Webhooks."""
    call, _ = await sent(200, b'{"test": 2432232314}', 1614265330.7)
    assert dict(call.headers)["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_receiver_with_the_schemes_own_library_takes_it_and_no_changed_one() -> None:
    call, _ = await sent(200, '{"answer": "Größe"}'.encode(), time.time())
    receiver = Webhook(SECRET.value)
    assert receiver.verify(call.body, dict(call.headers)) == {"answer": "Größe"}
    with pytest.raises(WebhookVerificationError):
        receiver.verify(call.body + b" ", dict(call.headers))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (200, None),
        (204, None),
        (302, "status 302"),
        (410, "status 410"),
        (500, "status 500"),
        (ProviderUnavailableError("no"), "provider_unavailable"),
    ],
)
async def test_only_a_2xx_counts_as_taken(answer: int | ProviderUnavailableError, fault: str | None) -> None:
    call, told = await sent(answer, b"{}", 1614265330.7)
    assert told == fault
    headers = dict(call.headers)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330")
    assert SECRET.value not in str(headers)


def key_of(size: int) -> str:
    return "whsec_" + base64.b64encode(b"k" * size).decode()


@pytest.mark.parametrize("secret", [SECRET.value, key_of(24), key_of(64)])
def test_a_receiver_that_can_be_told_has_no_problems(secret: str) -> None:
    assert list(check_webhook("https://x.test/hook?a=1", Secret("${env:HOOK}", secret))) == []


@pytest.mark.parametrize("secret", ["", "words", "whsec_", "whsec_no base64!", "whsec_größe", key_of(23), key_of(65)])
def test_a_secret_that_a_receiver_would_read_differently_is_named_and_not_shown(secret: str) -> None:
    (sentence,) = check_webhook("https://x.test/hook", Secret("${env:HOOK}", secret))
    assert sentence == "its secret is whsec_ and 24 to 64 bytes in base64"


@pytest.mark.parametrize(
    "url", ["https://x.test/a b", "https://x.test/#a", "https://x.test:99999/", "https://x.test/ü"]
)
def test_an_address_that_cannot_be_called_is_named(url: str) -> None:
    (sentence,) = check_webhook(url, SECRET)
    assert sentence.startswith("of its address: ")
    assert "x.test" not in sentence
