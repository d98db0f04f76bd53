"""Calls signed for Amazon (Signature Version 4), which botocore does.

A credential is an access key as `ID:SECRET` or `ID:SECRET:SESSION_TOKEN`. A host without one uses what the machine
has: environment, profile, or the role of a container or an instance, made new in time.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, NamedTuple

from weighbridge.domain.errors import ProviderAuthError
from weighbridge.domain.policy import Host
from weighbridge.domain.secret import Secret
from weighbridge.providers.transport import HttpCall

SERVICE = "bedrock"
TRUSTED_S = 60.0
"""So long a role's key is used before it is asked for again; botocore makes it new well before its end."""
_REGION = re.compile(r"bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")
_PARTS = range(2, 4)


class AccessKey(NamedTuple):
    """What a signature is made with."""

    access_key: str
    secret_key: str
    token: str | None


class Signer:
    """Signs with one credential of one host."""

    def __init__(self, secret: Secret | None, region: str) -> None:
        """Raises ValueError for a credential that is no access key."""
        self._own = None if secret is None else read_access_key(secret)
        self._region = region
        self._session: Any = None
        self._found: AccessKey | None = None
        self._trusted_until = 0.0

    async def signed(self, call: HttpCall) -> HttpCall:
        """The call with its signature. Raises ProviderAuthError when the machine has no access key."""
        key = self._own or await self._of_the_machine()
        return replace(call, headers=(*call.headers, *_signature(call, key, self._region)))

    async def _of_the_machine(self) -> AccessKey:
        now = asyncio.get_running_loop().time()
        if self._found is None or now >= self._trusted_until:
            self._found = await asyncio.to_thread(self._ask_the_machine)
            self._trusted_until = now + TRUSTED_S
        return self._found

    def _ask_the_machine(self) -> AccessKey:
        """May read files and ask the network, so it is for a thread of its own."""
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        self._session = self._session or Session()
        try:
            credentials = self._session.get_credentials()
            frozen = None if credentials is None else credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise _no_key(f"this machine's could not be had ({type(error).__name__})") from None
        if frozen is None or not (frozen.access_key and frozen.secret_key):
            raise _no_key("this machine has none")
        return AccessKey(frozen.access_key, frozen.secret_key, frozen.token)


def _signature(call: HttpCall, key: AccessKey, region: str) -> Iterator[tuple[str, str]]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = f"{'https' if call.origin.is_tls else 'http'}://{call.origin.authority}{call.target}"
    request = AWSRequest(call.method, url, {"content-type": "application/json"}, call.body)
    SigV4Auth(Credentials(*key), SERVICE, region).add_auth(request)
    for name, value in request.headers.items():
        if name.lower() != "content-type":
            yield name.lower(), value


def read_access_key(secret: Secret) -> AccessKey:
    """The parts of a credential. Raises ValueError, which does not repeat it."""
    parts = secret.value.strip().split(":", 2)
    if len(parts) not in _PARTS or not all(parts):
        raise ValueError(f"{secret.reference} must be an access key as ID:SECRET or ID:SECRET:SESSION_TOKEN")
    return AccessKey(parts[0], parts[1], parts[2] if len(parts) > 2 else None)


def region_of(host: Host) -> str | None:
    """Which region its calls are signed for: stated, or told by an address of Amazon's own."""
    if host.signing_region is not None:
        return host.signing_region
    found = _REGION.search(host.base_url or "")
    return None if found is None else found[1]


def check_library() -> Iterator[str]:
    """What is missing to sign calls and to read Amazon's streams, in one sentence."""
    if find_spec("botocore") is None:
        yield "Amazon's signatures and streams need botocore: pip install 'weighbridge[bedrock]'"


def check_signing(host: Host) -> Iterator[str]:
    """Everything that keeps a host's calls from being signed, one sentence each."""
    if region_of(host) is None:
        yield "signing_region: it is missing, and base_url is no address of Amazon's that names one"
    for secret in (host.credential, *host.more_credentials):
        try:
            if secret is not None:
                read_access_key(secret)
        except ValueError as error:
            yield f"credential: {error}"


def _no_key(why: str) -> ProviderAuthError:
    return ProviderAuthError(
        f"The host has no credential of its own, and {why}.",
        advice="Give the host a `credential`, or the machine a role or profile with an access key.",
        may_have_cost=False,
    )
