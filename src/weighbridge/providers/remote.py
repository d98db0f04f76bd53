"""Calls hosts over the transport, each in its dialect; a host is a row of the config."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import NamedTuple
from urllib.parse import quote

from weighbridge.dialects.hints import wait_hint_s
from weighbridge.dialects.openai_embeddings import request as vectors_request
from weighbridge.dialects.openai_embeddings import response as vectors_response
from weighbridge.dialects.rerank import request as scores_request
from weighbridge.dialects.rerank import response as scores_response
from weighbridge.domain.errors import (
    ProviderError,
    ProviderMalformedError,
    ProviderRejectedError,
    ProviderUnavailableError,
    RequestError,
)
from weighbridge.domain.policy import Host, PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.providers.aws import Signer, region_of
from weighbridge.providers.clock import Clock
from weighbridge.providers.dialects import AUTH, DIALECTS, SIGNED, auth_of
from weighbridge.providers.keyring import Keyring
from weighbridge.providers.transport import Headers, HttpCall, HttpHead, HttpStream, Origin, Transport, split_url

LARGEST_ERROR_BYTES = 64 * 1024
"""How much of an error page is read: a provider's own errors are far smaller."""


class Access(NamedTuple):
    """One credential of a host, ready to be used."""

    headers: Headers
    signer: Signer | None = None

    async def granted(self, call: HttpCall) -> HttpCall:
        """The call as the host lets it in. Raises ProviderAuthError."""
        return call if self.signer is None else await self.signer.signed(call)


def _accesses(host: Host, common: Headers) -> tuple[Access, ...]:
    """One for each credential, or one without any. Raises ValueError for one that cannot be used."""
    secrets = [secret for secret in (host.credential, *host.more_credentials) if secret is not None]
    auth = auth_of(host)
    if auth == SIGNED:
        region = region_of(host) or ""
        return tuple(Access(common, Signer(secret, region)) for secret in secrets) or (
            Access(common, Signer(None, region)),
        )
    return tuple(Access((*common, *AUTH[auth](secret.value))) for secret in secrets) or (Access(common),)


class RemoteHost:
    """One host, ready to be called: everything that does not change from call to call is computed here."""

    def __init__(self, host: Host, transport: Transport, clock: Clock) -> None:
        """Raises ValueError when the host's base URL or a credential cannot be used."""
        self._dialect = DIALECTS[host.dialect]
        self._transport, self._clock = transport, clock
        self._base_url = host.base_url
        self._origin, _ = endpoint(host.base_url, self._dialect.path)
        agent = ("user-agent", f"weighbridge/{version('weighbridge')}")
        common = (("content-type", "application/json"), agent, *self._dialect.headers)
        self._keys = Keyring(_accesses(host, common))

    async def call(self, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """The whole answer. Raises ProviderError."""
        with self._access() as access:
            call = await self._written(model, request, (*access.headers, ("accept", "application/json")))
            answer = await self._transport.send(await access.granted(call), timeout_s)
            if not 200 <= answer.status < 300:
                raise self._error(answer, answer.body)
            return self._parser(request)(answer.body)

    async def stream(self, model: PortfolioModel, request: Request, timeout_s: float) -> AsyncGenerator[Delta, None]:
        """The answer in pieces; closing it hangs up. Raises ProviderError, also when the answer breaks off."""
        reader, decoder = self._dialect.reader(), self._dialect.decoder()
        with self._access() as access:
            call = await self._written(model, request, (*access.headers, ("accept", self._dialect.stream_type)))
            async with self._transport.open(await access.granted(call), timeout_s) as answer:
                error = await self._objection(answer)
                if error is None:
                    async for block in answer.blocks:
                        for event in filter(None, decoder.feed(block)):
                            delta = reader.parse_event(event)
                            if delta is None:
                                return
                            yield delta
            if error is not None:
                raise error
            if not reader.has_ended:
                raise _broken_off()

    @contextmanager
    def _access(self) -> Iterator[Access]:
        """The next credential; an error of the call is noted against it."""
        number, access = self._keys.take(self._clock.monotonic())
        try:
            yield access
        except ProviderError as error:
            self._keys.note(number, error, self._clock.monotonic())
            raise

    async def _written(self, model: PortfolioModel, request: Request, headers: Headers) -> HttpCall:
        """The call on the wire; one with pictures and files is written in a thread, so that others keep moving."""
        if next(request.attachments, None) is None:
            return self._call(model, request, headers)
        return await asyncio.to_thread(self._call, model, request, headers)

    def _call(self, model: PortfolioModel, request: Request, headers: Headers) -> HttpCall:
        if request.is_for_numbers:
            return self._numbers_call(model, request, headers)
        try:
            body = self._dialect.render_request(request, model, wants_logprobs=request.wants_logprobs)
        except RequestError as error:
            raise ProviderRejectedError(
                f"The host's dialect cannot carry the request: {error.condition}",
                advice="Leave that out, or let a model of another dialect serve the task.",
                may_have_cost=False,
            ) from None
        except TypeError:
            raise ProviderRejectedError(
                "The request holds text or numbers that cannot be written as JSON.",
                advice="Send whole Unicode characters.",
                may_have_cost=False,
            ) from None
        return HttpCall("POST", self._origin, self._target(model, is_stream=request.is_stream), headers, body)

    def _numbers_call(self, model: PortfolioModel, request: Request, headers: Headers) -> HttpCall:
        what, written = ("rerank", scores_request) if request.is_ranking else ("embeddings", vectors_request)
        if not self._dialect.has_numbers:
            raise ProviderRejectedError(
                f"The host's dialect has no {what}.",
                advice=f"Take `{what}` out of the model's capabilities.",
                may_have_cost=False,
            )
        target = endpoint(self._base_url, f"/{what}")[1]
        return HttpCall("POST", self._origin, target, headers, written.render_request(request, model))

    def _parser(self, request: Request) -> Callable[[bytes], Response]:
        if request.is_ranking:
            return scores_response.parse_response
        return self._dialect.parse_response if request.embedding is None else vectors_response.parse_response

    def _target(self, model: PortfolioModel, *, is_stream: bool) -> str:
        path = (self._dialect.stream_path if is_stream else None) or self._dialect.path
        return endpoint(self._base_url, path.replace("{model}", quote(model.upstream_name, safe="")))[1]

    async def _objection(self, answer: HttpStream) -> ProviderError | None:
        """Why this answer is no stream of events, or `None`."""
        if not 200 <= answer.status < 300:
            return self._error(answer, await _begin_of(answer))
        if answer.media_type in {self._dialect.stream_type, ""}:
            return None
        try:
            self._dialect.parse_response(await _begin_of(answer))
        except ProviderError as error:
            return error
        return ProviderMalformedError(
            "The provider gave a whole answer where a stream was asked for.",
            advice="Take `streaming` out of the model's capabilities.",
            may_have_cost=True,
        )

    def _error(self, answer: HttpHead, body: bytes) -> ProviderError:
        if 300 <= answer.status < 400:
            return ProviderRejectedError(
                f"The provider answered {answer.status}, a redirect. None is followed: it would take the key along.",
                advice="Set the host's base_url to where the API really is.",
                provider_status=answer.status,
            )
        hint_s = wait_hint_s(answer.texts, body, self._clock.now())
        return self._dialect.parse_error(answer.status, hint_s, body)


def endpoint(base_url: str | None, path: str) -> tuple[Origin, str]:
    """Where `path` of a host is; a query of the base URL stays at the end. Raises ValueError with the reason."""
    if not base_url:
        raise ValueError("it is missing")
    origin, target = split_url(base_url)
    base, _, query = target.partition("?")
    path, _, own = path.partition("?")
    queries = "&".join(part for part in (own, query) if part)
    return origin, base.rstrip("/") + path + (f"?{queries}" if queries else "")


async def _begin_of(answer: HttpStream) -> bytes:
    """As much of a body as an error needs. What breaks off is taken as it is: the status says more."""
    body = b""
    try:
        async for block in answer.blocks:
            body += block
            if len(body) > LARGEST_ERROR_BYTES:
                break
    except ProviderError:
        pass
    return body


def _broken_off() -> ProviderUnavailableError:
    return ProviderUnavailableError(
        "The provider's stream ended before the answer did.", advice="Try again.", may_have_cost=True
    )
