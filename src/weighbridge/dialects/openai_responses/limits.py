"""What the Responses format has no place for, or a gateway without memory between calls: refused by name."""

from collections.abc import Mapping

from weighbridge.dialects.fields import Fields
from weighbridge.dialects.foreign import no_place
from weighbridge.dialects.openai_responses.items import FORM, render_items
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.request import Request

__all__ = ["FORM", "check", "refuse_state", "refuse_wishes"]

_STATE: Mapping[str, tuple[object, ...]] = {
    "previous_response_id": (),
    "conversation": (),
    "store": (False,),
    "background": (False,),
    "prompt": (),
}


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


def check(request: Request) -> None:
    """Raise InvalidFieldError for the first wish or part that a host of this dialect cannot be told."""
    refuse_wishes(request)
    if request.dialect != "openai_responses" or request.body is None:
        render_items(request.messages)


def refuse_wishes(request: Request) -> None:
    """The same for wishes alone; what is said is refused when it is written."""
    wishes = {"stop": request.sampling.stop, "n": request.choices > 1}
    for param, has_it in wishes.items():
        if has_it:
            raise no_place(param, f"`{param}`", FORM)
