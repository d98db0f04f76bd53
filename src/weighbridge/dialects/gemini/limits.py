"""What Gemini's format has no place for, and would be another request without."""

from weighbridge.dialects.foreign import no_place
from weighbridge.dialects.gemini.contents import FORM, render_contents
from weighbridge.domain.request import Request

__all__ = ["FORM", "check", "refuse_wishes"]


def check(request: Request) -> None:
    """Raise InvalidFieldError for the first wish or part that a host of this dialect cannot be told."""
    refuse_wishes(request)
    render_contents(request.messages)


def refuse_wishes(request: Request) -> None:
    """The same for wishes alone; what is said is refused when it is written."""
    if request.choices > 1 and request.is_stream:
        raise no_place("n", "more than one answer in a stream", FORM)
    if request.tool_choice is not None and not request.tool_choice.may_be_parallel:
        raise no_place("parallel_tool_calls", "one tool call at most", FORM)
