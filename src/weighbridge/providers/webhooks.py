"""Telling somebody else's server what happened, signed so that it can tell who is speaking.

Standard Webhooks (standardwebhooks.com, v1): `webhook-id` is the same at each try, `webhook-timestamp` is the time of
the try, `webhook-signature` is the HMAC-SHA256 over both and the body.
"""

import base64
import binascii
import hashlib
import hmac

from weighbridge.domain.errors import ProviderError
from weighbridge.domain.secret import Secret
from weighbridge.providers.transport import HttpCall, Transport

TIMEOUT_S = 10.0
SECRET_PREFIX = "whsec_"  # noqa: S105 (the scheme's own mark, not a secret)


class WebhookCalls:
    """Satisfies `ports.Webhooks`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def tell(self, url: str, secret: Secret, notice_id: str, body: bytes, now: float) -> bool:
        """One try; True when the receiver took it (2xx). A redirect is not followed and counts as a refusal."""
        timestamp = str(int(now))
        headers = (
            ("content-type", "application/json"),
            ("user-agent", "weighbridge"),
            ("webhook-id", notice_id),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signature(secret.value, notice_id, timestamp, body)),
        )
        try:
            answer = await self._transport.send(HttpCall.post(url, body, headers), TIMEOUT_S)
        except ProviderError:
            return False
        return 200 <= answer.status < 300

    async def close(self) -> None:
        """Drop every connection."""
        await self._transport.close()


def signature(secret: str, notice_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the signature in base64. A secret that is not `whsec_` and base64 is taken as the text it is."""
    signed = f"{notice_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    if secret.startswith(SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
