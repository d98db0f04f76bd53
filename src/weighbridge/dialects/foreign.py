"""Wishes of one format that another has no place for: refused by name, because one dropped in silence looks granted."""

from collections.abc import Mapping

from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import Request

Harmless = Mapping[str, tuple[object, ...]]
FIELDS: Harmless = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "reasoning_effort": ("none",),
    "verbosity": ("medium",),
    "modalities": (["text"],),
    "audio": (),
    "web_search_options": (),
    "prediction": (),
    "reasoning": ({},),
    "truncation": ("disabled",),
    "max_tool_calls": (),
    "previous_response_id": (),
    "thinking": ({"type": "disabled"},),
    "top_k": (),
    "mcp_servers": ([],),
    "container": (),
    "context_management": (),
}
"""Fields of some format that would change the answer, and their values that change nothing."""


def refuse_foreign(request: Request, form: str, fields: Harmless = FIELDS) -> None:
    """Raise InvalidFieldError for the first wish in the request's own body that a host of another format, such as
    "Anthropic's format", cannot be told."""
    body = request.body or {}
    for param, harmless in fields.items():
        value = body.get(param)
        if value is not None and value not in harmless:
            raise no_place(param, f"`{param}`", form)
    config = body.get("output_config")
    if isinstance(config, dict) and config.get("effort") is not None:
        raise no_place("output_config.effort", "`output_config.effort`", form)
    text = body.get("text")
    if isinstance(text, dict) and text.get("verbosity") not in (None, "medium"):
        raise no_place("text.verbosity", "`text.verbosity`", form)


def no_place(param: str, wish: str, form: str) -> InvalidFieldError:
    """The error for one of them."""
    return InvalidFieldError(
        f"The request asks for {wish}, which {form} has no place for.",
        advice=f"Leave `{param}` out, or name a model of another host.",
        param=param,
    )
