"""What evidence costs, against the plainest way to do the same in the same run: `python -m bench.evidence --help`.

Documents are made of words drawn by Zipf's law, seeded. Search is held against the bare BM25 query of the index,
packing against counting the same texts, indexing against reading the files, and the event loop against an idle one.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.places import OPTION, a_place
from weighbridge.budget.tokens import count_tokens
from weighbridge.context.documents.read import read_document
from weighbridge.context.pack import pack
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.material import Source
from weighbridge.domain.search import Search
from weighbridge.domain.secret import Secret
from weighbridge.domain.vectors import Near, VectorRule, unit_vector
from weighbridge.pipeline.gateway import Gateway
from weighbridge.store.full_text import FULL_TEXT, matching
from weighbridge.store.records import StoredRecords
from weighbridge.store.session import Session
from weighbridge.store.sources import StoredSources

VOCABULARY = 30_000
WORDS_A_PASSAGE = 60
PASSAGES_A_DOCUMENT = 50
DIMENSIONS = 384
"""Of the vectors, as multilingual E5 small gives them."""
VECTORS_AT_ONCE = 500
WHOLE_CHARS = 2_000_000
CONFIG = """version: 1
models:
  one: {host: simulated, context_window_tokens: 2000000, max_output_tokens: 100, tier: frontier,
        price: {input_usd_per_million: 1, output_usd_per_million: 1}}
sources:
  made: {path: documents}
tasks:
  answer: {risk_level: low, primary_model: one, fallback_model: [], limits: {max_input_tokens: 1500000}}
default_task: answer
"""


@dataclass(frozen=True)
class Line:
    """One measurement beside its baseline."""

    name: str
    p50_ms: float
    p95_ms: float
    baseline: str
    baseline_p50_ms: float

    @property
    def ratio(self) -> float:
        """How many times the baseline."""
        return self.p50_ms / self.baseline_p50_ms


class Words:
    """Text that looks like language to an index: few words often, most of them rarely."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (made-up documents are no secret)
        self._names = [f"word{number:x}" for number in range(VOCABULARY)]
        self._weights = [1 / (rank + 3) for rank in range(VOCABULARY)]

    def text(self, words: int) -> str:
        """So many words."""
        return " ".join(self._random.choices(self._names, self._weights, k=words))

    def document(self) -> str:
        """Some passages under headings."""
        return "\n\n".join(f"## {self.text(3)}\n\n{self.text(WORDS_A_PASSAGE)}." for _ in range(PASSAGES_A_DOCUMENT))


def timed(work: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each round."""
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1_000)
    return took


def line(name: str, took: list[float], baseline: str, base: list[float]) -> Line:
    """Both in one row."""
    p95 = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    return Line(name, statistics.median(took), p95, baseline, statistics.median(base))


async def search(place: Path | Secret, passages: int, rounds: int, words: Words) -> list[Line]:
    """Search among `passages` by words, and by words and vectors, beside what the index's own ranking of the same words
    takes, and beside a search by words."""
    records = await StoredRecords.open(place)
    sources = StoredSources(records)
    for number in track(range(passages // PASSAGES_A_DOCUMENT), "writing passages", console=Console(stderr=True)):
        name = f"{number}.md"
        await sources.put([read_document("made", name, words.document().encode(), defaults={}, stated={})])
    took, base = [], []
    for _ in range(rounds):
        question = words.text(8)
        started = time.perf_counter()
        await sources.search(Search(question, ("made",), datetime.now(UTC).date()))
        took.append((time.perf_counter() - started) * 1_000)
        started = time.perf_counter()
        await records.read(partial(_bare, dict.fromkeys(question.split(), 1.0)))
        base.append((time.perf_counter() - started) * 1_000)
    by_words = line(f"search {passages:,} passages", took, "the index's own ranking of all the words", base)
    by_both = await by_vectors(sources, passages, rounds, words)
    await records.close()
    return [by_words, *by_both]


async def by_vectors(sources: StoredSources, passages: int, rounds: int, words: Words) -> list[Line]:
    """The same with a vector for each passage, drawn evenly: what they say does not change what they cost."""
    draw, after, wrote = random.Random(2), 0, []  # noqa: S311 (made-up vectors are no secret)
    for _ in track(range(passages // VECTORS_AT_ONCE), "writing vectors", console=Console(stderr=True)):
        missing = await sources.without_vectors("made", "bench", after, VECTORS_AT_ONCE)
        made = [(item, unit_vector(draw.gauss(0, 1) for _ in range(DIMENSIONS))) for item in missing]
        started = time.perf_counter()
        await sources.put_vectors("bench", made)
        wrote.append((time.perf_counter() - started) * 1_000)
        after = missing[-1].number
    took: dict[bool, list[float]] = {True: [], False: []}
    first = 0.0
    for number in range(2 * rounds):
        near = Near("bench", unit_vector(draw.gauss(0, 1) for _ in range(DIMENSIONS)), VectorRule(0.0, 1.0))
        has_vector = number % 2 == 0
        wanted = Search(words.text(8), ("made",), datetime.now(UTC).date(), near=near if has_vector else None)
        started = time.perf_counter()
        await sources.search(wanted)
        passed = (time.perf_counter() - started) * 1_000
        if number:
            took[has_vector].append(passed)
        else:
            first = passed
    name = f"search {passages:,} passages by words and vectors of {DIMENSIONS}"
    return [
        line(name, took[True], "by words alone", took[False]),
        line("the first such search of a process", [first], "one of the next", took[True]),
        line(f"write {VECTORS_AT_ONCE} vectors", wrote, "one search by words", took[False]),
    ]


def _bare(terms: Mapping[str, float], store: Session) -> None:
    found = FULL_TEXT[store.dialect].found
    store.execute(f"{found} ORDER BY w.score LIMIT 40", matching(store.dialect, terms)).fetchall()


def packing(rounds: int, words: Words) -> Iterator[Line]:
    """Pack 200 passages, beside counting their tokens once."""
    sources = [Source(f"s{number}", words.text(120), relevance=0.4 + number % 60 / 100) for number in range(200)]
    for tokens, most in ((2_000, 8), (8_000, 40)):
        for tokenizer in ("words", "cl100k_base"):

            def count(text: str, tokenizer: str = tokenizer) -> int:
                return count_tokens(text, tokenizer).tokens

            rule = EvidenceRule(collections=("c",), max_tokens=tokens, most_sources=most)
            took = timed(partial(pack, sources, rule, count, tokens, TODAY), rounds)
            base = timed(lambda count=count: [count(source.text) for source in sources], rounds)
            yield line(f"pack 200 passages, {tokens:,} tokens by {tokenizer}", took, "counting all 200 once", base)


TODAY = date(2026, 11, 26)


async def indexing(folder: Path, documents: int, words: Words) -> Line:
    """Index a folder of Markdown, beside reading its files."""
    place = folder / "documents"
    place.mkdir()
    (folder / "weighbridge.yaml").write_text(CONFIG)
    for number in range(documents):
        (place / f"{number}.md").write_text(words.document())
    base = timed(lambda: [file.read_bytes() for file in place.iterdir()], 3)
    async with Gateway.open(folder / "weighbridge.yaml", env={}) as gateway:
        started = time.perf_counter()
        report = await gateway.add_sources(place, "made")
        took = [(time.perf_counter() - started) * 1_000]
    if len(report.added) != documents:
        raise SystemExit(f"only {len(report.added)} of {documents} documents were indexed")
    return line(f"index {documents:,} documents of {PASSAGES_A_DOCUMENT} passages", took, "reading the files", base)


async def loop_lag(folder: Path, words: Words) -> Line:
    """The longest the event loop stands still while a document of two million characters is read, cut and indexed."""
    text = "".join(f"## {words.text(3)}\n\n{words.text(WORDS_A_PASSAGE)}.\n\n" for _ in range(WHOLE_CHARS // 400))
    whole = text[:WHOLE_CHARS]
    async with Gateway.open(folder / "weighbridge.yaml", env={}) as gateway:
        idle = await _lag(asyncio.sleep(2))
        busy = await _lag(gateway.put_source("whole.md", whole, "made"))
    return Line(f"longest stop of the loop, {len(whole):,} characters", busy, busy, "an idle loop", idle)


async def _lag(work: Awaitable[object]) -> float:
    lags: list[float] = []

    async def watch() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(0.001)
            lags.append((time.perf_counter() - started - 0.001) * 1_000)

    watcher = asyncio.create_task(watch())
    await work
    watcher.cancel()
    return max(lags)


async def main(arguments: argparse.Namespace) -> None:
    """Everything once."""
    words = Words(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [*packing(arguments.rounds, words), await indexing(folder, arguments.documents, words)]
        lines.append(await loop_lag(folder, words))
        with a_place(folder, "search", arguments.postgres) as place:
            lines += await search(place, arguments.passages, arguments.rounds, words)
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(item) | {"ratio": item.ratio} for item in lines], indent=2) + "\n")
        return
    table = Table(title="Evidence", title_justify="left")
    for column in ("what", "p50 ms", "p95 ms", "against", "p50 ms", "ratio"):
        table.add_column(column, justify="left" if column in {"what", "against"} else "right")
    for item in lines:
        numbers = (f"{item.p50_ms:,.2f}", f"{item.p95_ms:,.2f}")
        table.add_row(item.name, *numbers, item.baseline, f"{item.baseline_p50_ms:,.2f}", f"{item.ratio:.1f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What evidence costs, against plain baselines in the same run.")
    parser.add_argument("--passages", type=int, default=100_000, help="passages to search among")
    parser.add_argument("--documents", type=int, default=500, help="documents to index")
    parser.add_argument("--rounds", type=int, default=200, help="repetitions")
    parser.add_argument("--postgres", help=OPTION + ", for the search")
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    asyncio.run(main(parser.parse_args()))
