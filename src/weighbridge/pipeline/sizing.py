"""How large a request is: counted tokens, and upper estimates of what one call would use."""

from dataclasses import replace

from weighbridge.budget.cost import estimate as estimate_cost
from weighbridge.budget.tokens import attachment_tokens, count_tokens
from weighbridge.budget.undercount import Undercounts
from weighbridge.domain.errors import NotFoundError
from weighbridge.domain.hold import Demand, Estimate
from weighbridge.domain.packed import Packed
from weighbridge.domain.policy import Policy, PortfolioModel
from weighbridge.domain.request import Request
from weighbridge.domain.task import Task
from weighbridge.domain.usage import TokenCount


def count_input(request: Request, policy: Policy) -> TokenCount:
    """The input's size by the tokenizer of the model that it names, or of its task's primary.

    Raises NotFoundError for a task or model that does not exist.
    """
    model = policy.models.get(request.model)
    if model is None:
        task = policy.tasks.get(request.model.removeprefix("task/")) or policy.tasks.get(policy.default_task or "")
        if task is None or (request.model not in {"auto", f"task/{task.name}"}):
            raise NotFoundError(
                f"There is no model {request.model!r}.",
                advice="GET /v1/models lists what may stand in `model`.",
                code="unknown_model",
                param="model",
            )
        model = policy.models[task.primary_model]
    return Counts(request).of_input(model.tokenizer)


class Counts:
    """Token counts of one request, each text counted once by each tokenizer."""

    __slots__ = ("_attached", "_known", "_text")

    def __init__(self, request: Request) -> None:
        self._text = request.text
        self._attached = attachment_tokens(request.messages)
        self._known: dict[tuple[str, str], TokenCount] = {}

    def of_input(self, tokenizer: str) -> TokenCount:
        """All messages, by this tokenizer, and about what is attached to them."""
        text = self.of(self._text, tokenizer)
        return replace(text, tokens=text.tokens + self._attached) if self._attached else text

    def of(self, text: str, tokenizer: str) -> TokenCount:
        """Any text, by this tokenizer."""
        known = self._known.get((tokenizer, text))
        if known is None:
            known = self._known[tokenizer, text] = count_tokens(text, tokenizer)
        return known


class Sizing:
    """Upper estimates of one request on each model, made once for each."""

    __slots__ = ("_counts", "_known", "_request", "_task")

    def __init__(self, request: Request, task: Task, counts: Counts) -> None:
        self._request, self._task, self._counts = request, task, counts
        self._known: dict[str, Estimate] = {}

    def estimate(self, model: PortfolioModel) -> Estimate:
        """Input as packed, output up to the lowest of the caller's, the task's and the model's limit."""
        known = self._known.get(model.name)
        if known is None:
            input_tokens = self._counts.of_input(model.tokenizer).tokens
            output_tokens = output_limit(self._request, self._task, model)
            cost = estimate_cost(model.price, input_tokens, output_tokens * self._request.choices)
            known = self._known[model.name] = Estimate(input_tokens, output_tokens, cost)
        return known

    def demand(self, model: PortfolioModel, usual: int | None, undercounts: Undercounts) -> Demand:
        """The same as what is asked of budgets: an input as the provider may count it, and an output for which `usual`
        nearly always suffices."""
        size, choices = self.estimate(model), self._request.choices
        input_tokens = undercounts.at_most(model.name, size.input_tokens, model.tokenizer)
        least = size.output_tokens if usual is None else min(usual, size.output_tokens)
        each = None if model.price is None else model.price.output
        paid = estimate_cost(model.price, input_tokens, 0)
        return Demand(input_tokens, least, size.output_tokens, paid, each, choices)


def with_attachments(packed: Packed) -> Packed:
    """The same, its count being that of text and about what is attached."""
    attached = attachment_tokens(packed.messages)
    count = packed.count
    return replace(packed, count=replace(count, tokens=count.tokens + attached)) if attached else packed


def output_limit(request: Request, task: Task, model: PortfolioModel) -> int:
    """The lowest of the caller's, the task's and the model's limit."""
    if request.is_for_numbers:
        return 0
    wanted = request.max_output_tokens or task.limits.max_output_tokens
    return min(wanted, model.max_output_tokens)


def input_limit(request: Request, task: Task, policy: Policy) -> int:
    """The task's longest input, within the widest window that may serve it."""
    names = (request.model,) if request.model in policy.models else task.models
    models = [policy.models[name] for name in names]
    room = max(model.context_window_tokens - output_limit(request, task, model) for model in models)
    return room if task.limits.max_input_tokens is None else min(room, task.limits.max_input_tokens)
