"""What Anthropic's format has no place for is refused by name: a wish dropped in silence looks granted."""

from collections.abc import Callable

from weighbridge.dialects.foreign import FIELDS, Harmless, no_place, refuse_foreign
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
_FORM = "Anthropic's format"
_TOOL_FIELDS: Harmless = {"tool_choice": ("auto",), "parallel_tool_calls": (True,)}
"""Foreign as well, where their dialect's parser did not put them into `Request.tool_choice`."""


def refuse_what_cannot_be_carried(request: Request, *, wants_logprobs: bool, is_own: bool) -> None:
    """Raise InvalidFieldError for the first wish of `request` that a host of this dialect cannot be told.

    `is_own` says that the request's body goes out as it came, so that only the gateway's own wishes can be lost.
    """
    for param, wish, has_it in _WISHES:
        if has_it(request):
            raise no_place(param, wish, _FORM)
    if wants_logprobs or request.wants_logprobs:
        raise no_place("logprobs", "log-probabilities", _FORM)
    if request.output.kind == "json_object":
        param = "output" if request.dialect == "native" else "response_format"
        raise no_place(param, "JSON without a schema", _FORM)
    if not is_own:
        refuse_foreign(request, _FORM, FIELDS if request.tool_choice is not None else {**FIELDS, **_TOOL_FIELDS})
