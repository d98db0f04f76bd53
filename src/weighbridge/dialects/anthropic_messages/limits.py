"""What Anthropic's format has no place for, and would be another request without."""

from collections.abc import Callable

from weighbridge.dialects.anthropic_messages.blocks import FORM
from weighbridge.dialects.anthropic_messages.messages import render_conversation
from weighbridge.dialects.foreign import no_place
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.reasoning import ReasoningStyle
from weighbridge.domain.request import Request

__all__ = ["FORM", "can_think", "check", "refuse_wishes"]

DIALECT = "anthropic_messages"
_Test = Callable[[Request], bool]

_WISHES: tuple[tuple[str, str, _Test], ...] = (
    ("n", "more than one answer", lambda request: request.choices > 1),
    ("temperature", "a temperature above 1", lambda request: (request.sampling.temperature or 0) > 1),
    (
        "stop",
        "a stop text of nothing but space",
        lambda request: any(not text.strip() for text in request.sampling.stop),
    ),
    ("logprobs", "log-probabilities", lambda request: request.wants_logprobs),
)


def check(request: Request) -> None:
    """Raise InvalidFieldError for the first wish or part that a host of this dialect cannot be told."""
    refuse_wishes(request)
    if request.dialect != DIALECT or request.body is None:
        render_conversation(request.messages)


def refuse_wishes(request: Request) -> None:
    """The same for wishes alone; what is said is refused when it is written."""
    for param, wish, has_it in _WISHES:
        if has_it(request):
            raise no_place(param, wish, FORM)
    if request.output.kind == "json_object":
        param = "output" if request.dialect == "native" else "response_format"
        raise no_place(param, "JSON without a schema", FORM)


def can_think(request: Request, model: PortfolioModel) -> bool:
    """These models think neither beside sampling of the caller's own nor before a call that they are forced to make,
    and a budget in tokens has to leave room for the answer.
    https://platform.claude.com/docs/en/build-with-claude/extended-thinking"""
    sampling, choice = request.sampling, request.tool_choice
    is_free = sampling.temperature in (None, 1) and sampling.top_p in (None, 1)
    is_forced = choice is not None and choice.kind in {"required", "tool"}
    wanted = request.reasoning
    limit = request.max_output_tokens or model.max_output_tokens
    has_room = model.reasoning is not ReasoningStyle.BUDGET or (wanted is not None and wanted.tokens(limit) is not None)
    return is_free and not is_forced and has_room
