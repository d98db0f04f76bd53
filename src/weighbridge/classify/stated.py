"""What the caller names: a task, or a model by its own name. A wrong name is answered with the nearest right one."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import ForbiddenError, InvalidFieldError, NotFoundError
from weighbridge.domain.policy import Policy
from weighbridge.domain.request import Request

TASK_PREFIX = "task/"
AUTO = "auto"


def stated_task(request: Request, caller: Caller, policy: Policy) -> str | None:
    """The task that the caller names, or `None`. Checks the model's name as well.

    Raises InvalidFieldError, NotFoundError or ForbiddenError as `classify` says.
    """
    if not request.model.startswith(TASK_PREFIX):
        _check_model(request.model, caller, policy)
    stated = _stated(request)
    if stated is not None:
        _check_task(stated, caller, policy)
    return stated


def _stated(request: Request) -> str | None:
    named = request.model.removeprefix(TASK_PREFIX) if request.model.startswith(TASK_PREFIX) else None
    if named is not None and request.task is not None and named != request.task:
        raise InvalidFieldError(
            f"Two tasks are stated: {_short(request.task)} and, as model, {_short(named)}.",
            advice="State one of them.",
            param="model",
        )
    return request.task if named is None else named


def _check_task(stated: str, caller: Caller, policy: Policy) -> None:
    if stated not in policy.tasks:
        raise NotFoundError(
            f"There is no task {_short(stated)}.", advice=_hint(stated, policy.tasks), code="unknown_task", param="task"
        )
    if caller.tasks is not None and stated not in caller.tasks:
        raise ForbiddenError(
            f"This key may not use task {_short(stated)}.",
            advice="Use a task that the key allows, or have it added to the key's `tasks`.",
            code="task_not_allowed",
            param="task",
        )


def _check_model(name: str, caller: Caller, policy: Policy) -> None:
    if name == AUTO:
        return
    if name not in policy.models:
        known = (AUTO, *(TASK_PREFIX + task for task in policy.tasks), *policy.models)
        raise NotFoundError(
            f"There is no model {_short(name)}.", advice=_hint(name, known), code="unknown_model", param="model"
        )
    if not caller.may_pin:
        raise ForbiddenError(
            f"This key may not ask for model {_short(name)} by name.",
            advice="Ask for `auto` or `task/<name>`.",
            code="pinning_not_allowed",
            param="model",
        )


def _hint(name: str, known: Iterable[str]) -> str:
    close = process.extractOne(name[:200], list(known), scorer=fuzz.ratio, score_cutoff=60)
    return f"Did you mean {close[0]!r}?" if close else "GET /v1/models lists what there is."


def _short(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:59] + "…")
