"""What OpenAI's chat format has no place for is refused by name: a wish dropped in silence looks granted."""

from collections.abc import Mapping

from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import Request

_FOREIGN_FIELDS: Mapping[str, tuple[object, ...]] = {
    "thinking": ({"type": "disabled"},),
    "top_k": (),
    "mcp_servers": ([],),
    "container": (),
    "context_management": (),
    "reasoning": ({},),
    "truncation": ("disabled",),
    "max_tool_calls": (),
}
"""Fields of other dialects that would change the answer, and their values that change nothing."""


def refuse_what_cannot_be_carried(request: Request) -> None:
    """Raise InvalidFieldError for the first wish in a foreign body that a host of this dialect cannot be told."""
    body = request.body or {}
    for param, harmless in _FOREIGN_FIELDS.items():
        value = body.get(param)
        if value is not None and value not in harmless:
            raise _no_place(param)
    config = body.get("output_config")
    if isinstance(config, dict) and config.get("effort") is not None:
        raise _no_place("output_config.effort")


def _no_place(param: str) -> InvalidFieldError:
    return InvalidFieldError(
        f"The request asks for `{param}`, which OpenAI's chat format has no place for.",
        advice=f"Leave `{param}` out, or name a model of another host.",
        param=param,
    )
