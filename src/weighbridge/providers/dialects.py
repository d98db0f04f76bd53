"""How each wire format is spoken to a host: a dialect is a row of `DIALECTS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from weighbridge.dialects.anthropic_messages import errors as anthropic_errors
from weighbridge.dialects.anthropic_messages import events as anthropic_events
from weighbridge.dialects.anthropic_messages import request as anthropic_request
from weighbridge.dialects.anthropic_messages import response as anthropic_response
from weighbridge.dialects.bedrock import errors as bedrock_errors
from weighbridge.dialects.bedrock import events as bedrock_events
from weighbridge.dialects.bedrock import request as bedrock_request
from weighbridge.dialects.bedrock import response as bedrock_response
from weighbridge.dialects.gemini import errors as gemini_errors
from weighbridge.dialects.gemini import events as gemini_events
from weighbridge.dialects.gemini import request as gemini_request
from weighbridge.dialects.gemini import response as gemini_response
from weighbridge.dialects.openai_chat import errors as openai_errors
from weighbridge.dialects.openai_chat import events as openai_events
from weighbridge.dialects.openai_chat import request as openai_request
from weighbridge.dialects.openai_chat import response as openai_response
from weighbridge.dialects.openai_responses import events as responses_events
from weighbridge.dialects.openai_responses import request as responses_request
from weighbridge.dialects.openai_responses import response as responses_response
from weighbridge.domain.errors import ProviderError
from weighbridge.domain.policy import Host, PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.response import Delta, Response
from weighbridge.providers import event_stream
from weighbridge.providers.event_stream import EventStreamDecoder
from weighbridge.providers.sse import SseDecoder
from weighbridge.providers.transport import Headers


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


class Decoder(Protocol):
    """Finds events in the bytes of a stream."""

    def feed(self, block: bytes) -> list[bytes]:
        """The payloads that `block` completes, empty ones among them. Raises ProviderMalformedError."""
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
    auth: str
    """How a credential is carried, where the host does not say: a name of `AUTH`, or `sigv4`."""
    render_request: RenderRequest
    parse_response: Callable[[bytes], Response]
    reader: Callable[[], EventReader]
    parse_error: ParseError
    headers: Headers = ()
    """Sent with every call, beside the credential."""
    stream_path: str | None = None
    """The same for a stream; `None`: no other."""
    decoder: Callable[[], Decoder] = SseDecoder
    """Finds the events in a stream."""
    stream_type: str = "text/event-stream"
    """The media type of a stream."""
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
"""How a host wants its credential. Beside these there is `sigv4`, which signs each call."""
SIGNED = "sigv4"


DIALECTS: Mapping[str, Dialect] = {
    "openai_chat": Dialect(
        path="/chat/completions",
        auth="bearer",
        render_request=openai_request.render_request,
        parse_response=openai_response.parse_response,
        reader=openai_events.EventReader,
        parse_error=openai_errors.parse_error,
        has_numbers=True,
    ),
    "openai_responses": Dialect(
        path="/responses",
        auth="bearer",
        render_request=responses_request.render_request,
        parse_response=responses_response.parse_response,
        reader=responses_events.EventReader,
        parse_error=openai_errors.parse_error,
    ),
    "anthropic_messages": Dialect(
        path="/messages",
        auth="x-api-key",
        render_request=anthropic_request.render_request,
        parse_response=anthropic_response.parse_response,
        reader=anthropic_events.EventReader,
        parse_error=anthropic_errors.parse_error,
        headers=(("anthropic-version", "2023-06-01"),),
    ),
    "gemini": Dialect(
        path="/models/{model}:generateContent",
        stream_path="/models/{model}:streamGenerateContent?alt=sse",
        auth="x-goog-api-key",
        render_request=gemini_request.render_request,
        parse_response=gemini_response.parse_response,
        reader=gemini_events.EventReader,
        parse_error=gemini_errors.parse_error,
    ),
    "bedrock": Dialect(
        path="/model/{model}/converse",
        stream_path="/model/{model}/converse-stream",
        auth=SIGNED,
        render_request=bedrock_request.render_request,
        parse_response=bedrock_response.parse_response,
        reader=bedrock_events.EventReader,
        parse_error=bedrock_errors.parse_error,
        decoder=EventStreamDecoder,
        stream_type=event_stream.MEDIA_TYPE,
    ),
}


def auth_of(host: Host) -> str:
    """How a host wants its credential."""
    return host.auth or DIALECTS[host.dialect].auth
