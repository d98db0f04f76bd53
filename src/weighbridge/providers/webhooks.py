"""Telling somebody else's server what happened, signed so that it can tell who is speaking.

Standard Webhooks (standardwebhooks.com, v1): `webhook-id` is the same at each try, `webhook-timestamp` is the time of
the try, `webhook-signature` is the HMAC-SHA256 over both and the body, made by the scheme's own library.
"""

import base64
import binascii
from collections.abc import Iterator
from datetime import UTC, datetime

from standardwebhooks import Webhook

from weighbridge.domain.errors import ProviderError
from weighbridge.domain.secret import Secret
from weighbridge.providers.transport import HttpCall, Transport, split_url

TIMEOUT_S = 10.0
SECRET_PREFIX = "whsec_"  # noqa: S105 (the scheme's own mark, not a secret)
SHORTEST_KEY_BYTES, LONGEST_KEY_BYTES = 24, 64
"""Of the scheme's specification, "Signature scheme"."""


class WebhookCalls:
    """Satisfies `ports.Webhooks`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def tell(self, url: str, secret: Secret, notice_id: str, body: bytes, now: float) -> str | None:
        """One try; `None` when the receiver took it (2xx), else what came of it.

        A redirect is not followed: nobody configured where it leads.
        """
        moment = datetime.fromtimestamp(int(now), UTC)
        headers = (
            ("content-type", "application/json"),
            ("user-agent", "weighbridge"),
            ("webhook-id", notice_id),
            ("webhook-timestamp", str(int(now))),
            ("webhook-signature", Webhook(secret.value).sign(notice_id, moment, body.decode())),
        )
        try:
            answer = await self._transport.send(HttpCall.post(url, body, headers), TIMEOUT_S)
        except ProviderError as error:
            return error.code
        return None if 200 <= answer.status < 300 else f"status {answer.status}"

    async def close(self) -> None:
        """Drop every connection."""
        await self._transport.close()


def check_webhook(url: str, secret: Secret) -> Iterator[str]:
    """What is wrong with a receiver as it is configured, in sentences that repeat neither address nor secret."""
    try:
        split_url(url)
    except ValueError as error:
        yield f"of its address: {error}"
    if not _is_key(secret.value):
        yield f"its secret is {SECRET_PREFIX} and {SHORTEST_KEY_BYTES} to {LONGEST_KEY_BYTES} bytes in base64"


def _is_key(secret: str) -> bool:
    """The library would read base64 generously, and sign with something else than the receiver expects."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return secret.startswith(SECRET_PREFIX) and SHORTEST_KEY_BYTES <= len(key) <= LONGEST_KEY_BYTES
