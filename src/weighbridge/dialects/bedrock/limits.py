"""What Bedrock's Converse has no place for, and would be another request without."""

from weighbridge.dialects.bedrock.contents import FORM, has_tool_traffic, render_turns
from weighbridge.dialects.foreign import no_place
from weighbridge.domain.request import Request

__all__ = ["FORM", "check", "refuse_wishes"]


def check(request: Request) -> None:
    """Raise InvalidFieldError for the first wish or part that a host of this dialect cannot be told."""
    refuse_wishes(request)
    render_turns(request.messages)


def refuse_wishes(request: Request) -> None:
    """The same for wishes alone; what is said is refused when it is written."""
    sampling, choice = request.sampling, request.tool_choice
    wishes = {
        "n": ("more than one answer", request.choices > 1),
        "temperature": ("a temperature above 1", (sampling.temperature or 0) > 1),
        "stop": ("a stop text that is empty", "" in sampling.stop),
        "logprobs": ("log-probabilities", request.wants_logprobs),
        "response_format": ("JSON without a schema", request.output.kind == "json_object"),
        "parallel_tool_calls": ("one tool call at most", choice is not None and not choice.may_be_parallel),
        "tools": ("calls of tools without the tools", not request.tools and has_tool_traffic(request.messages)),
        "tool_choice": (
            "tools that were used and may not be used now",
            choice is not None and choice.kind == "none" and has_tool_traffic(request.messages),
        ),
    }
    for param, (wish, has_it) in wishes.items():
        if has_it:
            raise no_place(param, wish, FORM)
