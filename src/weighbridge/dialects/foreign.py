"""Wishes of one format that another has no place for. None is dropped in silence: one that looks granted and is not
misleads; so the caller's request is refused for that host, or the caller is told what was left out.
"""

from collections.abc import Iterator, Mapping

from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import Request

Harmless = Mapping[str, tuple[object, ...]]
"""Fields, and their values that change nothing."""

ESSENTIAL: Harmless = {
    "modalities": (["text"],),
    "audio": (),
    "web_search_options": (),
    "previous_response_id": (),
    "mcp_servers": ([],),
    "container": (),
}
"""Without these it would be another answer to another question: never left out."""
WISHES: Harmless = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "verbosity": ("medium",),
    "prediction": (),
    "truncation": ("disabled",),
    "max_tool_calls": (),
    "top_k": (),
    "context_management": (),
}
"""These change how the answer is made: policy says whether it may be made without them."""
HINTS: Harmless = {
    "store": (False,),
    "service_tier": ("auto", "default", "standard_only"),
    "prompt_cache_key": (),
    "prompt_cache_retention": (),
    "inference_geo": (),
    "moderation": (),
    "speed": ("standard",),
}
"""These are for the host and its accounts, and another one has other ones."""


def no_place(param: str, wish: str, form: str) -> InvalidFieldError:
    """The error for one of them; `form` is such as "Anthropic's format"."""
    return InvalidFieldError(
        f"The request asks for {wish}, which {form} has no place for.",
        advice=f"Leave `{param}` out, or name a model of another host.",
        param=param,
    )


def wishes_in(request: Request, fields: Harmless) -> Iterator[str]:
    """Those of `fields` that the request's own body states with a value that would change something."""
    body = request.body or {}
    for param, harmless in fields.items():
        value = body.get(param)
        if value is not None and value not in harmless:
            yield param
    if fields is WISHES:
        text = body.get("text")
        if isinstance(text, dict) and text.get("verbosity") not in (None, "medium"):
            yield "text.verbosity"


def has_cache_marks(body: Mapping[str, object]) -> bool:
    """Something in it, or all of it, is marked for a host's cache, as Anthropic's format does it."""
    turns = [turn.get("content") for turn in _objects(body.get("messages"))]
    lists = (body.get("system"), body.get("tools"), *turns)
    return "cache_control" in body or any("cache_control" in block for blocks in lists for block in _objects(blocks))


def _objects(value: object) -> list[dict[str, object]]:
    return [item for item in value if type(item) is dict] if type(value) is list else []
