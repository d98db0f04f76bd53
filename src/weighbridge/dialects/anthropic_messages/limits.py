"""What Anthropic's format has no place for is refused by name: a wish dropped in silence looks granted."""

from collections.abc import Callable, Mapping

from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import Request

_Test = Callable[[Request], bool]

_WISHES: tuple[tuple[str, str, _Test], ...] = (
    ("n", "more than one answer", lambda request: request.choices > 1),
    ("seed", "a seed", lambda request: request.sampling.seed is not None),
    ("temperature", "a temperature above 1", lambda request: (request.sampling.temperature or 0) > 1),
    (
        "stop",
        "a stop text of nothing but space",
        lambda request: any(not text.strip() for text in request.sampling.stop),
    ),
)
_Harmless = dict[str, tuple[object, ...]]
_FOREIGN_FIELDS: _Harmless = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "reasoning": ({},),
    "truncation": ("disabled",),
    "max_tool_calls": (),
    "reasoning_effort": ("none",),
    "verbosity": ("medium",),
    "modalities": (["text"],),
    "audio": (),
    "web_search_options": (),
    "previous_response_id": (),
}
"""Fields of other dialects that would change the answer, and their values that change nothing."""
_TOOL_FIELDS: _Harmless = {"tool_choice": ("auto",), "parallel_tool_calls": (True,)}
"""The same for those that are carried once their dialect's parser puts them into `Request.tool_choice`."""


def refuse_what_cannot_be_carried(request: Request, *, wants_logprobs: bool, is_own: bool) -> None:
    """Raise InvalidFieldError for the first wish of `request` that a host of this dialect cannot be told.

    `is_own` says that the request's body goes out as it came, so that only the gateway's own wishes can be lost.
    """
    for param, wish, has_it in _WISHES:
        if has_it(request):
            raise _no_place(param, wish)
    if wants_logprobs or request.wants_logprobs:
        raise _no_place("logprobs", "log-probabilities")
    if request.output.kind == "json_object":
        raise _no_place("output" if request.dialect == "native" else "response_format", "JSON without a schema")
    if request.body is not None and not is_own:
        fields = _FOREIGN_FIELDS if request.tool_choice is not None else _FOREIGN_FIELDS | _TOOL_FIELDS
        _refuse_foreign(request.body, fields)


def _refuse_foreign(body: Mapping[str, object], fields: _Harmless) -> None:
    for param, harmless in fields.items():
        value = body.get(param)
        if value is not None and value not in harmless:
            raise _no_place(param, f"`{param}`")


def _no_place(param: str, wish: str) -> InvalidFieldError:
    return InvalidFieldError(
        f"The request asks for {wish}, which Anthropic's format has no place for.",
        advice=f"Leave `{param}` out, or name a model of another host.",
        param=param,
    )
