"""`weighbridge sources`: the documents that answers draw on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from weighbridge.cli.common import Config, Json, print_json, print_lines, print_tables, visible, with_gateway
from weighbridge.dialects.native.sources import (
    render_cut,
    render_document,
    render_found,
    render_report,
    render_vectors,
)
from weighbridge.domain.document import CutDocument, Document, IndexReport
from weighbridge.domain.errors import CommandError, NotFoundError
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.material import Authority, Source
from weighbridge.domain.vectors import VectorReport
from weighbridge.pipeline.gateway import Gateway

InCollection = Annotated[str | None, Parameter(help="Only this collection.")]
MOST_SHOWN_CHARS = 160


def add(
    path: Annotated[
        Path | None,
        Parameter(
            help="A file, a folder, or a list of addresses (one a line, named *.urls); "
            "without it, the collection's own path."
        ),
    ] = None,
    *,
    collection: Annotated[str, Parameter(help="What it is added to.")],
    authority: Annotated[Authority | None, Parameter(help="How far it may be believed.")] = None,
    sensitivity: Annotated[Sensitivity | None, Parameter(help="How far it may travel.")] = None,
    updated: Annotated[str | None, Parameter(help="When it was last changed, such as 2026-03-12.")] = None,
    deprecated: Annotated[str | None, Parameter(help="Since when it is out of date, such as 2025-08-01.")] = None,
    supersedes: Annotated[str | None, Parameter(help="The document or passage that it takes the place of.")] = None,
    topic: Annotated[str | None, Parameter(help="What it lays down; of one topic the newest is current.")] = None,
    owner: Annotated[str | None, Parameter(help="Who answers for it.")] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Index documents. What did not change since the last time is left alone, what is gone is removed.

    Where collections want vectors, those that are missing are made.
    """
    stated = {
        "authority": authority,
        "sensitivity": sensitivity,
        "updated": updated,
        "deprecated": deprecated,
        "supersedes": supersedes,
        "topic": topic,
        "owner": owner,
    }
    labels = {key: value for key, value in stated.items() if value is not None}

    async def work(gateway: Gateway) -> tuple[IndexReport, VectorReport]:
        with _progress(json) as told:
            report = await gateway.add_sources(_path(gateway, path, collection), collection, labels, told)
        with _making(json) as made:
            return report, await gateway.make_vectors(made)

    report, vectors = with_gateway(config, work)
    if json:
        print_json({**render_report(report), "vectors": render_vectors(vectors)})
    else:
        print_lines(*_told(report, collection), *_told_vectors(vectors))
    return 1 if report.unread else 0


def list_(*, collection: InCollection = None, config: Config = None, json: Json = False) -> None:
    """List documents with their labels."""
    found = with_gateway(config, lambda gateway: gateway.sources(collection))
    if json:
        print_json([render_document(item) for item in found])
    else:
        print_tables(_documents(found))


def search(
    question: Annotated[str, Parameter(help="In your own words.")],
    *,
    collection: InCollection = None,
    limit: Annotated[int, Parameter(help="At most so many passages.", validator=Number(gte=1, lte=100))] = 5,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show the passages that a question finds, and how much of it each holds."""
    collections = () if collection is None else (collection,)
    found = with_gateway(config, lambda gateway: gateway.search_sources(question, collections, limit=limit))
    if json:
        print_json([render_found(item) for item in found])
    else:
        print_tables(_passages(found))


def show(
    id: Annotated[str, Parameter(help="A document's or a passage's id.")],  # noqa: A002
    *,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show a document's labels and passages, or one passage word for word."""
    found = with_gateway(config, lambda gateway: _found(gateway, id))
    if json:
        print_json(render_cut(found))
        return
    if len(found.passages) == 1:
        print_lines(visible(found.passages[0].text))
        return
    print_tables(_documents([found.document]), _cut(found))


def remove(
    ids: Annotated[list[str], Parameter(help="Ids of documents.")],
    *,
    config: Config = None,
    json: Json = False,
) -> None:
    """Remove documents. From a watched folder they come back unless their files go too."""
    removed = with_gateway(config, lambda gateway: gateway.remove_sources(ids))
    if json:
        print_json({"removed": removed})
    else:
        print_lines(f"Removed {removed} of {len(ids)}.")


def _path(gateway: Gateway, path: Path | None, collection: str) -> Path:
    if path is not None:
        return path
    declared = gateway.policy.collections.get(collection)
    if declared is None or declared.path is None:
        raise CommandError(
            f"The config gives no path for the sources {collection!r}.", advice="Say which file or folder to add."
        )
    return Path(declared.path)


@contextmanager
def _progress(is_json: bool) -> Iterator[Callable[[int, int], None] | None]:
    console = Console(stderr=True)
    if is_json or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("indexing", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


@contextmanager
def _making(is_json: bool) -> Iterator[Callable[[int], None] | None]:
    """How many are missing is not known before; that they come on is what one wants to see."""
    console = Console(stderr=True)
    if is_json or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("making vectors"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("making vectors", total=None)
        yield lambda made: bar.advance(task, made)


def _told_vectors(report: VectorReport) -> Iterator[str]:
    if report.made:
        paid = "at unknown cost" if report.cost is None else f"for ${report.cost}"
        yield f"{report.made} vectors made {paid}."
    if report.refused:
        yield f"  {report.refused} passages have none and are found by their words alone: {report.reason}"
    if report.waiting:
        yield f"  {report.waiting} or more still wait: {report.reason} Add again, or let a serving gateway go on."


def _told(report: IndexReport, collection: str) -> Iterator[str]:
    yield (
        f"{collection}: {len(report.added)} added, {len(report.changed)} changed, {report.unchanged} unchanged, "
        f"{len(report.removed)} removed; {report.passages} passages indexed."
    )
    for item in report.unread:
        yield f"  not read: {visible(item.path)}: {item.condition} {item.advice}"
    if report.added:
        yield f'Try: weighbridge sources search "..." --collection {collection}'


def _documents(found: list[Document]) -> Table:
    table = Table(title="Documents", title_justify="left")
    for column in ("id", "title", "authority", "updated", "state", "sensitivity", "owner", "passages"):
        table.add_column(column)
    for item in found:
        table.add_row(
            item.id,
            visible(item.title),
            item.authority.value,
            "" if item.updated is None else item.updated.isoformat(),
            _state(item),
            (item.sensitivity or Sensitivity.INTERNAL).value,
            visible(item.owner or ""),
            str(item.passage_count),
        )
    return table


def _state(item: Document) -> str:
    if item.is_deprecated:
        return "deprecated" + (f" {item.deprecated_on}" if item.deprecated_on else "")
    if item.superseded_by:
        return f"superseded by {', '.join(item.superseded_by)}"
    today = datetime.now(UTC).date()
    if item.effective_until is not None and item.effective_until < today:
        return f"expired {item.effective_until}"
    if item.effective_from is not None and item.effective_from > today:
        return f"from {item.effective_from}"
    return "current"


def _passages(found: Sequence[Source]) -> Table:
    table = Table(title="Passages", title_justify="left", show_lines=True)
    for column in ("relevance", "similarity", "id", "state", "text"):
        table.add_column(column, overflow="fold")
    for item in found:
        state = (
            "deprecated"
            if item.is_deprecated
            else f"superseded by {', '.join(item.superseded_by)}"
            if item.superseded_by
            else ""
        )
        relevance = "" if item.relevance is None else f"{item.relevance:.2f}"
        similarity = "" if item.similarity is None else f"{item.similarity:.3f}"
        table.add_row(relevance, similarity, item.id, state, visible(_short(item.text)))
    return table


def _cut(found: CutDocument) -> Table:
    table = Table(title="Passages", title_justify="left", show_lines=True)
    for column in ("id", "characters", "text"):
        table.add_column(column, overflow="fold")
    for item in found.passages:
        table.add_row(item.id, f"{item.start}-{item.end}", visible(_short(item.text)))
    return table


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_SHOWN_CHARS else line[: MOST_SHOWN_CHARS - 1] + "…"


async def _found(gateway: Gateway, name: str) -> CutDocument:
    found = await gateway.source(name)
    if found is None:
        raise NotFoundError(
            f"There is no document or passage {name!r}.",
            advice="`weighbridge sources list` shows what is indexed; give the --config whose store holds it.",
            code="unknown_source",
        )
    return found
