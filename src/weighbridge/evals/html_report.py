"""A comparison as one HTML file that needs nothing else: tables, charts, and the words to read them by."""

from collections.abc import Sequence
from html import escape

from weighbridge.evals.charts import confusion_matrix, latency_curves, quality_against_cost
from weighbridge.evals.metrics import Results
from weighbridge.evals.paired import Difference
from weighbridge.evals.summary import BESIDE, Summary

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c1c1c;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.35rem .6rem;border-bottom:1px solid #ddd;text-align:right;font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}.note{color:#555}.wide{overflow-x:auto}
"""


def html_report(
    title: str, notes: Sequence[str], rows: Sequence[Summary], deltas: Sequence[Difference], results: Sequence[Results]
) -> str:
    """The page. All text is escaped; there are no scripts and nothing is fetched."""
    metrics = [metric.metric for metric in rows[0].quality]
    parts = [
        f"<h1>{escape(title)}</h1>",
        *(f'<p class="note">{escape(note)}</p>' for note in notes),
        "<h2>Models side by side</h2>",
        _table(["model", *metrics, "answers", "not valid", *BESIDE], [_cells(row) for row in rows]),
        _NOTE,
        "<h2>Told apart?</h2>" if deltas else "",
        _table(_DELTA_HEADS, [_delta(item) for item in deltas]) if deltas else "",
        _chart("Quality against cost", quality_against_cost(rows)),
        _chart("Latency", latency_curves(results)),
        *(_chart(f"Right and given labels: {item.model}", confusion_matrix(item)) for item in results),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>{body}</body></html>\n'
    )


_NOTE = """<p class="note">In brackets: 95 % intervals. Answers that are not valid score 0. A star marks models that no
other one beats in both quality and cost of a valid answer.</p>"""
_DELTA_HEADS = ["model", "against", "difference (95 % interval)", "p (Holm)", "test", "samples", "says"]


def _cells(row: Summary) -> list[str]:
    return [
        row.model + (" ★" if row.is_on_front else ""),
        *(metric.told for metric in row.quality),
        str(row.asked) + (f" (+{row.unanswered} unanswered)" if row.unanswered else ""),
        str(row.invalid),
        *row.beside,
    ]


def _delta(item: Difference) -> list[str]:
    return [item.candidate, item.incumbent, item.told, f"{item.adjusted_p:.3g}", item.test, str(item.n), item.says]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _chart(title: str, svg: str | None) -> str:
    return "" if svg is None else f"<h2>{escape(title)}</h2>{svg}"
