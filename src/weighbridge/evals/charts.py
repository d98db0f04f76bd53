"""Charts of an evaluation as SVG text, drawn with matplotlib and without any screen."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from weighbridge.evals.extra import extra
from weighbridge.evals.metrics import Results, confusion
from weighbridge.evals.summary import Summary

COLOURS = ("#0b6e8f", "#b3541e", "#3c7a3c", "#7a3c76", "#8a6d1d", "#555555")
_UNRESTFUL = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<\?xml.*?\?>|<!DOCTYPE.*?>", re.DOTALL)


def quality_against_cost(rows: Sequence[Summary]) -> str | None:
    """The first metric with its interval over the cost of a valid answer; the Pareto front is joined by a line."""
    known = [row for row in rows if row.quality[0].value is not None and row.cost_per_valid_usd is not None]
    if not known:
        return None
    figure, axes = _canvas()
    for at, row in enumerate(known):
        metric, cost = row.quality[0], row.cost_per_valid_usd or 0.0
        value = metric.value or 0.0
        ends = [[value - (metric.low or value)], [(metric.high or value) - value]] if metric.low is not None else None
        marker = "o" if row.is_on_front else "x"
        axes.errorbar(
            [cost], [value], yerr=ends, fmt=marker, color=COLOURS[at % len(COLOURS)], capsize=4, label=row.model
        )
    front = sorted((row.cost_per_valid_usd or 0.0, row.quality[0].value or 0.0) for row in known if row.is_on_front)
    axes.plot([cost for cost, _ in front], [value for _, value in front], color="#999999", linewidth=1, zorder=0)
    costs = [row.cost_per_valid_usd or 0.0 for row in known]
    if min(costs) > 0 and max(costs) > 20 * min(costs):
        axes.set_xscale("log")
    axes.set_xlabel("US dollars for a valid answer")
    axes.set_ylabel(known[0].quality[0].metric)
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure)


def latency_curves(results: Sequence[Results]) -> str | None:
    """Share of answers that were ready after so many seconds, one line for each model."""
    figure, axes = _canvas()
    is_empty, widest = True, 0.0
    for at, item in enumerate(results):
        seconds = sorted(answer.duration_s for _, answer in item.pairs if answer.duration_s is not None)
        if seconds:
            is_empty, widest = False, max(widest, seconds[-1] / max(seconds[len(seconds) // 2], 1e-9))
            shares = [(place + 1) / len(seconds) for place in range(len(seconds))]
            axes.step(seconds, shares, where="post", color=COLOURS[at % len(COLOURS)], label=item.model)
    axes.axhline(0.95, color="#bbbbbb", linewidth=0.8, linestyle="--")
    axes.set_xlabel("seconds until the answer was ready")
    axes.set_ylabel("share of answers")
    axes.set_ylim(0, 1.02)
    if widest > 20:  # one slow answer would press all others against the edge
        axes.set_xscale("log")
    if is_empty:
        return None
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure)


def confusion_matrix(results: Results, most_labels: int = 20) -> str | None:
    """Right labels down, given labels across; `None` where there are too many of them to be labels at all."""
    counts: Mapping[tuple[str, str], int] = confusion(results)
    right = sorted({pair[0] for pair in counts})
    given = [*right, *sorted({pair[1] for pair in counts} - set(right))]
    if not right or len(given) > most_labels:
        return None
    figure, axes = _canvas(width=1.6 + 0.62 * len(given), height=1.4 + 0.45 * len(right))
    table = [[counts.get((row, column), 0) for column in given] for row in right]
    axes.imshow(table, cmap="Blues", aspect="auto")
    axes.set_xticks(range(len(given)), [name[:18] or "(no valid answer)" for name in given], rotation=35, ha="right")
    axes.set_yticks(range(len(right)), [name[:18] for name in right])
    most = max(map(max, table))
    for at, row in enumerate(table):
        for across, count in enumerate(row):
            if count:
                colour = "white" if count > most / 2 else "black"
                axes.text(across, at, str(count), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xlabel("given")
    axes.set_ylabel("right")
    return _svg(figure)


def _canvas(width: float = 6.4, height: float = 3.8) -> tuple[Any, Any]:
    figure = extra("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return figure, axes


def _svg(figure: Any) -> str:
    buffer = io.StringIO()
    with extra("matplotlib").rc_context({"svg.hashsalt": "weighbridge", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return _UNRESTFUL.sub("", buffer.getvalue()).strip()
