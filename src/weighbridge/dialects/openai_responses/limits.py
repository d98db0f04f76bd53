"""What the Responses format has no place for, or a gateway without memory between calls: refused by name."""

from collections.abc import Mapping

from weighbridge.dialects.fields import Fields
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import Request

_STATE: Mapping[str, tuple[object, ...]] = {
    "previous_response_id": (),
    "conversation": (),
    "store": (False,),
    "background": (False,),
    "prompt": (),
}
_FOREIGN_FIELDS: Mapping[str, tuple[object, ...]] = {
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "reasoning_effort": ("none",),
    "verbosity": ("medium",),
    "modalities": (["text"],),
    "audio": (),
    "web_search_options": (),
    "prediction": (),
    "thinking": ({"type": "disabled"},),
    "top_k": (),
    "mcp_servers": ([],),
    "container": (),
    "context_management": (),
}
"""Fields of other dialects that would change the answer, and their values that change nothing."""


def refuse_state(fields: Fields) -> None:
    """Raise InvalidFieldError for a call that counts on something kept from, or for, another one."""
    for param, harmless in _STATE.items():
        value = fields.get(param)
        if value is not None and value not in harmless:
            raise InvalidFieldError(
                f"`{param}` needs something that is kept between calls, and nothing is.",
                advice=f"Leave `{param}` out and send the whole conversation as `input`, with `store` false.",
                param=param,
            )


def refuse_what_cannot_be_carried(request: Request) -> None:
    """Raise InvalidFieldError for the first wish that a host of this dialect cannot be told."""
    wishes = {"stop": request.sampling.stop, "seed": request.sampling.seed is not None, "n": request.choices > 1}
    for param, has_it in wishes.items():
        if has_it:
            raise _no_place(param)
    for param, harmless in _FOREIGN_FIELDS.items():
        value = (request.body or {}).get(param)
        if value is not None and value not in harmless:
            raise _no_place(param)


def _no_place(param: str) -> InvalidFieldError:
    return InvalidFieldError(
        f"The request asks for `{param}`, which OpenAI's Responses format has no place for.",
        advice=f"Leave `{param}` out, or name a model of another host.",
        param=param,
    )
