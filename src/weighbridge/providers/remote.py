"""Calls hosts over the transport, each in its dialect. A dialect is a row of `DIALECTS`, a host a row of the config."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol
from urllib.parse import quote

from weighbridge.dialects.anthropic_messages import errors as anthropic_errors
from weighbridge.dialects.anthropic_messages import events as anthropic_events
from weighbridge.dialects.anthropic_messages import request as anthropic_request
from weighbridge.dialects.anthropic_messages import response as anthropic_response
from weighbridge.dialects.gemini import errors as gemini_errors
from weighbridge.dialects.gemini import events as gemini_events
from weighbridge.dialects.gemini import request as gemini_request
from weighbridge.dialects.gemini import response as gemini_response
from weighbridge.dialects.hints import wait_hint_s
from weighbridge.dialects.openai_chat import errors as openai_errors
from weighbridge.dialects.openai_chat import events as openai_events
from weighbridge.dialects.openai_chat import request as openai_request
from weighbridge.dialects.openai_chat import response as openai_response
from weighbridge.dialects.openai_embeddings import request as vectors_request
from weighbridge.dialects.openai_embeddings import response as vectors_response
from weighbridge.dialects.openai_responses import events as responses_events
from weighbridge.dialects.openai_responses import request as responses_request
from weighbridge.dialects.openai_responses import response as responses_response
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
from weighbridge.providers.clock import Clock
from weighbridge.providers.keyring import Keyring
from weighbridge.providers.sse import SseDecoder
from weighbridge.providers.transport import Headers, HttpCall, HttpHead, HttpStream, Origin, Transport, split_url

LARGEST_ERROR_BYTES = 64 * 1024
"""How much of an error page is read: a provider's own errors are far smaller."""


class RenderRequest(Protocol):
    """Domain to wire."""

    def __call__(self, request: Request, model: PortfolioModel, *, wants_logprobs: bool) -> bytes:
        """The body."""
        ...


class EventReader(Protocol):
    """Reads the events of one stream."""

    has_ended: bool
    """True once the answer is complete."""

    def parse_event(self, chunk: bytes) -> Delta | None:
        """One event's payload; `None` for the one after which nothing follows. Raises ProviderError."""
        ...


class ParseError(Protocol):
    """An answer that is not a success to the error it means."""

    def __call__(self, status: int, wait_s: float | None, body: bytes) -> ProviderError:
        """The error, which the caller raises."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a wire format is spoken."""

    path: str
    """What follows a host's base URL; `{model}` stands for the upstream's name."""
    authenticate: Callable[[str], Headers]
    """The headers that carry a credential."""
    render_request: RenderRequest
    parse_response: Callable[[bytes], Response]
    reader: Callable[[], EventReader]
    parse_error: ParseError
    headers: Headers = ()
    """Sent with every call, beside the credential."""
    stream_path: str | None = None
    """The same for a stream; `None`: no other."""
    has_numbers: bool = False
    """It has OpenAI's embeddings, and the rerank call that hosts share, beside it."""


def _bearer(secret: str) -> Headers:
    return (("authorization", f"Bearer {secret}"),)


def _header(name: str) -> Callable[[str], Headers]:
    return lambda secret: ((name, secret),)


AUTH: Mapping[str, Callable[[str], Headers]] = {
    "bearer": _bearer,
    "x-api-key": _header("x-api-key"),
    "api-key": _header("api-key"),
    "x-goog-api-key": _header("x-goog-api-key"),
}
"""How a host wants its credential, where not as its dialect has it."""


DIALECTS: Mapping[str, Dialect] = {
    "openai_chat": Dialect(
        path="/chat/completions",
        authenticate=_bearer,
        render_request=openai_request.render_request,
        parse_response=openai_response.parse_response,
        reader=openai_events.EventReader,
        parse_error=openai_errors.parse_error,
        has_numbers=True,
    ),
    "openai_responses": Dialect(
        path="/responses",
        authenticate=_bearer,
        render_request=responses_request.render_request,
        parse_response=responses_response.parse_response,
        reader=responses_events.EventReader,
        parse_error=openai_errors.parse_error,
    ),
    "anthropic_messages": Dialect(
        path="/messages",
        authenticate=AUTH["x-api-key"],
        render_request=anthropic_request.render_request,
        parse_response=anthropic_response.parse_response,
        reader=anthropic_events.EventReader,
        parse_error=anthropic_errors.parse_error,
        headers=(("anthropic-version", "2023-06-01"),),
    ),
    "gemini": Dialect(
        path="/models/{model}:generateContent",
        stream_path="/models/{model}:streamGenerateContent?alt=sse",
        authenticate=AUTH["x-goog-api-key"],
        render_request=gemini_request.render_request,
        parse_response=gemini_response.parse_response,
        reader=gemini_events.EventReader,
        parse_error=gemini_errors.parse_error,
    ),
}


class RemoteHost:
    """One host, ready to be called: everything that does not change from call to call is computed here."""

    def __init__(self, host: Host, transport: Transport, clock: Clock) -> None:
        """Raises ValueError when the host's base URL cannot be called."""
        self._dialect = DIALECTS[host.dialect]
        self._transport, self._clock = transport, clock
        self._base_url = host.base_url
        self._origin, _ = endpoint(host.base_url, self._dialect.path)
        agent = ("user-agent", f"weighbridge/{version('weighbridge')}")
        common = (("content-type", "application/json"), agent, *self._dialect.headers)
        secrets = [secret for secret in (host.credential, *host.more_credentials) if secret is not None]
        authenticate = self._dialect.authenticate if host.auth is None else AUTH[host.auth]
        credentials = [authenticate(secret.value) for secret in secrets] or [()]
        self._keys = Keyring(tuple((*common, *credential) for credential in credentials))

    async def call(self, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """The whole answer. Raises ProviderError."""
        with self._credential() as headers:
            call = self._call(model, request, (*headers, ("accept", "application/json")))
            answer = await self._transport.send(call, timeout_s)
            if not 200 <= answer.status < 300:
                raise self._error(answer, answer.body)
            return self._parser(request)(answer.body)

    async def stream(self, model: PortfolioModel, request: Request, timeout_s: float) -> AsyncGenerator[Delta, None]:
        """The answer in pieces; closing it hangs up. Raises ProviderError, also when the answer breaks off."""
        reader, decoder = self._dialect.reader(), SseDecoder()
        with self._credential() as headers:
            call = self._call(model, request, (*headers, ("accept", "text/event-stream")))
            async with self._transport.open(call, timeout_s) as answer:
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
    def _credential(self) -> Iterator[Headers]:
        """The headers of the next credential; an error of the call is noted against it."""
        number, headers = self._keys.take(self._clock.monotonic())
        try:
            yield headers
        except ProviderError as error:
            self._keys.note(number, error, self._clock.monotonic())
            raise

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
        if answer.media_type in {"text/event-stream", ""}:
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
