"""`weighbridge eval run TASK --retrieval FILE`: whether questions find what answers them."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from weighbridge.budget.tokens import count_tokens
from weighbridge.cli.common import found_config, print_json, print_tables
from weighbridge.domain.errors import CommandError
from weighbridge.evals.retrieval import (
    Figure,
    Retrieved,
    Spread,
    figures,
    judge_retrieval,
    read_questions,
    spreads,
)
from weighbridge.pipeline.gateway import Gateway

MOST_MISSED_SHOWN = 20


def run_retrieval(task: str, dataset: Path, k: int, least: float | None, config: Path | None, json: bool) -> int:
    """Search each question in the task's collections. Exit 1 when recall@k is surely not, or not yet, at `least`."""
    results = asyncio.run(_retrieved(task, dataset, config))
    told = figures(results, k)
    recall = next((figure for figure in told if figure.name == f"recall@{k}"), None)
    if json:
        print_json(
            {
                "task": task,
                "figures": [asdict(figure) for figure in told],
                "similarities": [asdict(spread) for spread in spreads(results)],
                "questions": _questions(results),
            }
        )
    else:
        print_tables(_table(told), *_similarities(spreads(results)), *_missed(results))
    return 1 if least is not None and (recall is None or recall.value < least) else 0


async def _retrieved(task: str, dataset: Path, config: Path | None) -> list[Retrieved]:
    samples = read_questions(dataset)
    async with Gateway.open(found_config(config), env=os.environ) as gateway:
        declared = gateway.policy.tasks.get(task)
        if declared is None or declared.evidence is None or not declared.evidence.collections:
            raise CommandError(
                f"Task {task!r} searches no documents.", advice="Name a task with `evidence.collections`."
            )
        rule, tokenizer = declared.evidence, gateway.policy.models[declared.primary_model].tokenizer
        today = datetime.now(UTC).date()
        return [
            judge_retrieval(
                sample,
                await gateway.search_sources(sample.question, rule.collections, limit=40, rule=rule),
                rule,
                lambda text: count_tokens(text, tokenizer).tokens,
                today,
            )
            for sample in samples
        ]


def _table(told: Sequence[Figure]) -> Table:
    table = Table(title="Retrieval", title_justify="left")
    for column in ("measure", "value", "95 % interval", "questions"):
        table.add_column(column)
    for figure in told:
        interval = "" if figure.low is None or figure.high is None else f"{figure.low:.3f} - {figure.high:.3f}"
        table.add_row(figure.name, f"{figure.value:.3f}", interval, str(figure.n))
    return table


def _similarities(found: Sequence[Spread]) -> list[Table]:
    if not found:
        return []
    table = Table(title="Similarity, for `unrelated` and `related` of the model", title_justify="left")
    for column in ("of", "lowest tenth below", "median", "highest tenth above", "questions"):
        table.add_column(column)
    for spread in found:
        figures = (f"{value:.3f}" for value in (spread.low, spread.median, spread.high))
        table.add_row(spread.name, *figures, str(spread.n))
    return [table]


def _missed(results: Sequence[Retrieved]) -> list[Table]:
    missed = [item for item in results if not item.is_shown]
    if not missed:
        return []
    table = Table(title="Questions whose answer would not be shown", title_justify="left")
    for column in ("question", "expected", "rank", "shown instead"):
        table.add_column(column, overflow="fold")
    for item in missed[:MOST_MISSED_SHOWN]:
        ranks = ", ".join("not found" if rank is None else str(rank) for rank in item.ranks)
        table.add_row(
            item.sample.question, ", ".join(item.sample.expects) or "nothing", ranks, ", ".join(item.shown[:3])
        )
    return [table]


def _questions(results: Sequence[Retrieved]) -> list[dict[str, object]]:
    return [
        {
            "question": item.sample.question,
            "expects": list(item.sample.expects),
            "ranks": list(item.ranks),
            "shown": list(item.shown),
            "is_shown": item.is_shown,
            "similarity": item.similarity,
        }
        for item in results
    ]
