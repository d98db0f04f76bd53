"""What keeps a config's collections from being searched by vectors, and what was found from being ranked."""

from collections.abc import Iterator
from importlib.util import find_spec

from weighbridge.domain.errors import ConfigProblem
from weighbridge.domain.levels import Capability
from weighbridge.domain.policy import Policy
from weighbridge.domain.task import Task
from weighbridge.pipeline.near import vector_task


def search_problems(policy: Policy) -> Iterator[ConfigProblem]:
    """Collections whose vectors nothing can make, and tasks that would search vectors of different models at once."""
    for collection in policy.collections.values():
        if collection.vectors is None:
            continue
        place = f"sources.{collection.name}.vectors"
        model = policy.models[policy.tasks[collection.vectors].primary_model]
        if Capability.EMBEDDINGS not in model.capabilities or model.vectors is None:
            expected = (
                f"a task whose primary model has the capability embeddings and a row `vectors`; {model.name} has not"
            )
            yield ConfigProblem("the config", 1, 1, place, expected)
        elif find_spec("numpy") is None:
            yield ConfigProblem("the config", 1, 1, place, "numpy to compare them: pip install weighbridge[embeddings]")
    for task in policy.tasks.values():
        yield from _ranking_problems(task, policy)
        collections = task.evidence.collections if task.evidence else ()
        wanted = [name for name in collections if policy.collections[name].vectors is not None]
        if wanted and vector_task(wanted, policy) is None:
            place = f"tasks.{task.name}.evidence.collections"
            yield ConfigProblem("the config", 1, 1, place, "collections whose vectors one and the same model makes")


def _ranking_problems(task: Task, policy: Policy) -> Iterator[ConfigProblem]:
    if task.evidence is None or task.evidence.reranker is None:
        return
    model = policy.models[policy.tasks[task.evidence.reranker].primary_model]
    if Capability.RERANK not in model.capabilities or model.scores is None:
        expected = f"a task whose primary model has the capability rerank and a row `scores`; {model.name} has not"
        yield ConfigProblem("the config", 1, 1, f"tasks.{task.name}.evidence.reranker", expected)
