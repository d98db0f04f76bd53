"""Signed by the published scheme, and never louder than a yes or a no."""

from contextlib import AbstractAsyncContextManager

import pytest

from weighbridge.domain.errors import ProviderUnavailableError
from weighbridge.domain.secret import Secret
from weighbridge.providers.transport import HttpAnswer, HttpCall, HttpStream
from weighbridge.providers.webhooks import WebhookCalls, signature

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


def test_the_signature_is_that_of_the_published_example() -> None:
    """From the reference implementations of Standard Webhooks."""
    signed = signature(SECRET.value, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_that_is_no_base64_is_taken_as_text() -> None:
    assert signature("whsec_not base64!", "a", "1", b"") == signature("whsec_not base64!", "a", "1", b"")
    assert signature("whsec_not base64!", "a", "1", b"") != signature("whsec_other text!", "a", "1", b"")


@pytest.mark.parametrize(
    ("answer", "was_taken"),
    [(200, True), (204, True), (302, False), (410, False), (500, False), (ProviderUnavailableError("no"), False)],
)
async def test_only_a_2xx_counts_as_taken(answer: int | ProviderUnavailableError, was_taken: bool) -> None:
    transport = Answers(answer)
    calls = WebhookCalls(transport)
    assert await calls.tell("https://x.test/hook", SECRET, "msg_1", b"{}", 1614265330.7) is was_taken
    headers = dict(transport.calls[0].headers)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", "1614265330")
    assert SECRET.value not in str(headers)
