"""`fit`: what becomes of a request at a host of some dialect, before anything is held or sent."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from weighbridge.dialects.anthropic_messages import limits as anthropic
from weighbridge.dialects.bedrock import limits as bedrock
from weighbridge.dialects.foreign import ESSENTIAL, HINTS, WISHES, Harmless, has_cache_marks, no_place, wishes_in
from weighbridge.dialects.gemini import limits as gemini
from weighbridge.dialects.openai_chat import limits as chat
from weighbridge.dialects.openai_responses import limits as responses
from weighbridge.dialects.parameters import unknown_in
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.fit import FITS, Fit, OnForeign, ParameterRule
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import Request, Thought

_TOOL_FIELDS: Harmless = {"tool_choice": ("auto",), "parallel_tool_calls": (True,)}
"""Foreign as well, where their dialect's parser could not put them into `Request.tool_choice`."""
REASONING_FIELDS: Mapping[str, str] = {
    "openai_chat": "reasoning_effort",
    "openai_responses": "reasoning",
    "anthropic_messages": "thinking",
}
"""Where each format says how much a model is to think."""


def _always(request: Request, model: PortfolioModel) -> bool:
    del request, model
    return True


class _Form(NamedTuple):
    """What a format has no place for."""

    name: str
    check: Callable[[Request], None]
    """Raises InvalidFieldError for what would be another request without it."""
    has_no_seed: bool = True
    can_think: Callable[[Request, PortfolioModel], bool] = _always
    """Beside everything else that the request asks for."""
    takes: frozenset[str] = frozenset()
    """Wishes that it has a place for."""
    takes_thoughts: bool = False
    """Of earlier turns, where they are signed."""


_FORMS: Mapping[str, _Form] = {
    "openai_chat": _Form(chat.FORM, chat.check, has_no_seed=False),
    "openai_responses": _Form(responses.FORM, responses.check),
    "anthropic_messages": _Form(anthropic.FORM, anthropic.check, can_think=anthropic.can_think, takes_thoughts=True),
    "gemini": _Form(
        gemini.FORM,
        gemini.check,
        has_no_seed=False,
        takes=frozenset({"top_k", "frequency_penalty", "presence_penalty"}),
    ),
    "bedrock": _Form(bedrock.FORM, bedrock.check, can_think=anthropic.can_think, takes_thoughts=True),
    "local": _Form(chat.FORM, chat.check, has_no_seed=False),
}
"""A local host speaks OpenAI's chat; a simulated one takes everything."""


def fit(request: Request, model: PortfolioModel, dialect: str, rule: ParameterRule) -> Fit:
    """Whether a host of `dialect` can be told what `request` asks of `model`, and what it would not be told.

    A body of the host's own dialect goes out as it came. Of any other, only what both formats have a word for is
    carried; the rest refuses the host or is told to the caller, as `rule` says.
    """
    form = _FORMS.get(dialect)
    if request.is_for_numbers or form is None:
        return Fit(left_out=unknown_in(request)) if request.is_for_numbers else FITS
    is_own = request.body is not None and request.dialect in {dialect, "openai_chat" if dialect == "local" else ""}
    try:
        form.check(request)
        if not is_own:
            _require_essential(request, form)
    except InvalidFieldError as error:
        return Fit(error)
    return FITS if is_own else _left_out(request, model, form, rule)


def _require_essential(request: Request, form: _Form) -> None:
    fields = ESSENTIAL if request.tool_choice is not None else {**ESSENTIAL, **_TOOL_FIELDS}
    for param in wishes_in(request, fields):
        raise no_place(param, f"`{param}`", form.name)


def _left_out(request: Request, model: PortfolioModel, form: _Form, rule: ParameterRule) -> Fit:
    wishes = [wish for wish in wishes_in(request, WISHES) if wish not in form.takes]
    if form.has_no_seed and request.sampling.seed is not None:
        wishes.append("seed")
    if wishes and rule.foreign is OnForeign.REFUSE:
        return Fit(no_place(wishes[0], f"`{wishes[0]}`", form.name))
    hints = (*wishes_in(request, HINTS), *_unthought(request, model, form), *_forgotten(request, form))
    return Fit(left_out=(*wishes, *hints, *unknown_in(request)))


def _forgotten(request: Request, form: _Form) -> Iterator[str]:
    """Marks of what a host is to keep, and thoughts of earlier turns, which only their maker's models can be shown."""
    parts = (part for message in request.messages for part in message.parts)
    if not form.takes_thoughts and any(isinstance(part, Thought) for part in parts):
        yield "messages.thinking"
    if has_cache_marks(request.body or {}):
        yield "cache_control"
    items = (request.body or {}).get("input")
    if isinstance(items, list) and any(isinstance(item, dict) and item.get("type") == "reasoning" for item in items):
        yield "input.reasoning"


def _unthought(request: Request, model: PortfolioModel, form: _Form) -> Iterator[str]:
    """Thinking that the model cannot be told to do, or not beside everything else; or a wish that nobody could read."""
    field = REASONING_FIELDS.get(request.dialect, "reasoning")
    wanted = request.reasoning
    if wanted is None:
        if (request.body or {}).get(field) not in (None, {}):
            yield field
    elif not wanted.is_off and (model.reasoning is None or not form.can_think(request, model)):
        yield field
