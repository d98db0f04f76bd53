"""A question as a vector, made by the model that made those of the documents: held, paid, told like any call.

Where it cannot be had (no money, no clearance, no host) the documents are searched by words alone, and the record's
`preparations` say why.
"""

from collections.abc import Sequence

from weighbridge.context.relevance import LONGEST_CHARS
from weighbridge.dialects.openai_embeddings.request import DIALECT
from weighbridge.dialects.openai_embeddings.response import unpack
from weighbridge.domain.errors import ProviderMalformedError
from weighbridge.domain.policy import Policy, PortfolioModel
from weighbridge.domain.probe import ProbeKind
from weighbridge.domain.request import EmbeddingWish, Request, Role, say
from weighbridge.domain.response import Response
from weighbridge.domain.search import Search
from weighbridge.domain.task import Task
from weighbridge.domain.vectors import Near, VectorRule, unit_vector
from weighbridge.pipeline.beside import Beside

CHARS_A_TOKEN = 4
"""About, in English; a text cut by it may be a little longer or shorter than the window."""


def vector_task(collections: Sequence[str], policy: Policy) -> Task | None:
    """The task that makes vectors for these collections (for all, where none is named); `None` where none does, or
    where their vectors cannot be compared."""
    named = collections or tuple(policy.collections)
    found = [policy.collections[name].vectors for name in named if name in policy.collections]
    tasks = [policy.tasks[name] for name in found if name is not None]
    spaces = {policy.models[task.primary_model].space for task in tasks}
    return tasks[0] if len(spaces) == 1 else None


def question_request(wanted: Search, task: Task, model: PortfolioModel, rule: VectorRule) -> Request:
    """What the model is asked: the question, after what was asked before where it says little by itself."""
    return vector_request([rule.query_prefix + question_for(wanted, model.context_window_tokens)], task, rule)


def question_for(wanted: Search, window_tokens: int) -> str:
    """As much of it as a window holds: of a pasted letter the beginning and the end, where people ask."""
    said = f"{wanted.before}\n{wanted.question}".strip()
    most = min(LONGEST_CHARS, CHARS_A_TOKEN * window_tokens)
    return said if len(said) <= most else f"{said[: most // 2]}\n{said[-(most // 2) :]}"


def vector_request(texts: Sequence[str], task: Task, rule: VectorRule) -> Request:
    """A call for vectors, one for each text."""
    messages = tuple(say(Role.USER, text) for text in texts)
    return Request(messages, model=f"task/{task.name}", dialect=DIALECT, embedding=EmbeddingWish(rule.dimensions))


def near_of(response: Response, model: PortfolioModel, rule: VectorRule) -> Near:
    """The question's vector, ready to be compared. Raises ProviderMalformedError."""
    return Near(model.space, vectors_of(response, 1)[0], rule)


def vectors_of(response: Response, count: int) -> list[bytes]:
    """The vectors of an answer, each of length 1. Raises ProviderMalformedError."""
    vectors = response.vectors or ()
    try:
        if len(vectors) == count:
            return [unit_vector(unpack(vector)) for vector in vectors]
    except ValueError:
        pass
    raise ProviderMalformedError(
        "The provider's vectors are not one of numbers for each text.",
        advice="Look at the model's host: what it answers is no embedding.",
        may_have_cost=True,
    )


async def near_for(wanted: Search, beside: Beside) -> Near | None:
    """The vector of a request's question, as a call beside its attempts; `None` where words have to do."""
    policy = beside.draft.policy
    making = vector_task(wanted.collections, policy)
    model = None if making is None else policy.models[making.primary_model]
    if making is None or model is None or model.vectors is None:
        return None
    response = await beside.ask(ProbeKind.VECTOR, making, question_request(wanted, making, model, model.vectors))
    try:
        return None if response is None else near_of(response, model, model.vectors)
    except ProviderMalformedError as error:
        beside.note_unusable(error)
        return None
