"""What was found, ranked anew by a model that reads each passage beside the question: held, paid, told like any call.

Where it cannot be had the order of the search stands, and the record's `preparations` say why.
"""

from collections.abc import Sequence

from weighbridge.context.ranking import ranked
from weighbridge.dialects.rerank.request import DIALECT
from weighbridge.domain.errors import ProviderMalformedError
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.material import Source
from weighbridge.domain.policy import Policy, PortfolioModel
from weighbridge.domain.probe import ProbeKind
from weighbridge.domain.request import Request, Role, say
from weighbridge.domain.response import Response
from weighbridge.domain.search import Search
from weighbridge.domain.task import Task
from weighbridge.domain.vectors import Scale
from weighbridge.pipeline.beside import Beside
from weighbridge.pipeline.near import question_for

FEWEST = 2
"""With fewer passages there is nothing to rank."""


def ranker_of(rule: EvidenceRule, policy: Policy) -> tuple[Task, PortfolioModel, Scale] | None:
    """The task that ranks for this rule, its model, and what its scores mean; `None` where none does."""
    if rule.reranker is None:
        return None
    task = policy.tasks[rule.reranker]
    model = policy.models[task.primary_model]
    return None if model.scores is None else (task, model, model.scores)


def ranking_request(wanted: Search, found: Sequence[Source], task: Task, model: PortfolioModel) -> Request:
    """What the model is asked: the question, in half of its window at most, then each passage under its headings."""
    texts = [question_for(wanted, model.context_window_tokens // 2)]
    texts += ["\n".join((" > ".join(source.heading), source.text)).strip() for source in found]
    messages = tuple(say(Role.USER, text) for text in texts)
    return Request(messages, model=f"task/{task.name}", dialect=DIALECT, is_ranking=True)


def in_new_order(found: Sequence[Source], response: Response, scale: Scale, most: int) -> Sequence[Source]:
    """What the model's scores make of it. Raises ProviderMalformedError where it scored something else."""
    scores = response.scores or ()
    if len(scores) == len(found[:most]):
        return ranked(found, scores, scale)
    raise ProviderMalformedError(
        "The provider's scores are not one for each passage.",
        advice="Look at the model's host: what it answers is no ranking.",
        may_have_cost=True,
    )


async def ranked_for(found: Sequence[Source], wanted: Search, rule: EvidenceRule, beside: Beside) -> Sequence[Source]:
    """The passages that were found for a request, in a call beside its attempts."""
    ranker = ranker_of(rule, beside.draft.policy)
    if ranker is None or len(found) < FEWEST:
        return found
    task, model, scale = ranker
    response = await beside.ask(ProbeKind.RANK, task, ranking_request(wanted, found[: rule.most_ranked], task, model))
    try:
        return found if response is None else in_new_order(found, response, scale, rule.most_ranked)
    except ProviderMalformedError as error:
        beside.note_unusable(error)
        return found
