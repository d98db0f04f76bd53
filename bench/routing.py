"""How well a learned router spends strong calls, on a table of per-prompt outcomes: `python -m bench.routing --help`.

The table is a CSV (also gzipped) with `question`, `category`, `options` (JSON list) and for each MODEL the columns
`MODEL|pred`, `MODEL|correct` and `MODEL|out_chars`. Everything is fitted on other folds than it is measured on, grouped
by question.
"""

import argparse
import csv
import gzip
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from weighbridge.evals.apgr import Apgr, apgr
from weighbridge.evals.difficulty import Learned, Outcome, learn
from weighbridge.evals.guarantee import Certified, Infeasible, certify_floor, certify_regret

DEVELOPMENT = Path("../shared/data/routing/dev_mmlupro_stem_9models.csv.gz")
PAIRS = (
    "gemini-1.5-flash-002,gemini-1.5-pro-002,Meta-Llama-3_1-8B-Instruct,mathstral-7B",
    "Meta-Llama-3_1-8B-Instruct,Meta-Llama-3_1-70B-Instruct,mathstral-7B,Phi-3-mini-4k-instruct",
    "Mixtral-8x7B-Instruct-v0.1,gemini-1.5-pro-002,Meta-Llama-3_1-8B-Instruct",
)
"""Weak model, strong model, then cheap ones whose answers are looked at beside the weak one's; each costs a call."""
DRAWS, DRAWN = 400, 2_000
MOST_REGRET, DELTA = 0.05, 0.05
Row = dict[str, str]


@dataclass(frozen=True)
class Line:
    """One way to order prompts."""

    name: str
    measured: Apgr
    calibration_error: float | None
    brier: float | None
    extra_calls: int
    """Cheap calls for each prompt beside the weak model's own."""


@dataclass(frozen=True)
class Promise:
    """What a rule for the cut does over many draws."""

    name: str
    broken: float
    """Share of draws in which the cut breaks its promise on all prompts."""
    share_strong: float
    """Mean share of strong calls."""
    ideal: float
    """The fewest strong calls that keep the promise on all prompts, at this score."""
    none: float
    """Share of draws in which nothing could be promised."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=DEVELOPMENT)
    parser.add_argument("--pair", action="append", help="WEAK,STRONG[,CHEAP...]; may be given several times")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--json", action="store_true")
    stated = parser.parse_args()
    with gzip.open(stated.table, "rt") if stated.table.suffix == ".gz" else stated.table.open() as file:
        rows = list(csv.DictReader(file))
    for pair in stated.pair or PAIRS:
        weak, strong, *cheap = pair.split(",")
        kept = [row for row in rows if row[f"{weak}|correct"] and row[f"{strong}|correct"]]
        steps = [*_lines(kept, weak, strong, cheap)]
        lines = [line for line, _ in steps]
        best = steps[-1][1]
        promises = [*_promises(kept, weak, strong, best, stated.draws)] if best is not None else []
        if stated.json:
            told = {"weak": weak, "strong": strong, "prompts": len(kept)}
            print(json.dumps(told | {"lines": [*map(asdict, lines)], "promises": [*map(asdict, promises)]}))
        else:
            _show(f"{weak} → {strong}, {len(kept)} prompts", lines, promises)


def _lines(rows: Sequence[Row], weak: str, strong: str, cheap: Sequence[str]) -> Iterator[tuple[Line, Learned | None]]:
    gains = [float(row[f"{strong}|correct"]) - float(row[f"{weak}|correct"]) for row in rows]
    groups = [row["question"] for row in rows]
    chance = np.random.default_rng(0).random(len(rows)).tolist()
    for name, scores in (("random", chance), ("oracle", gains)):
        yield Line(name, apgr(scores, gains, groups), None, None, 0), None
    kinds: list[tuple[str, bool, bool, bool]] = [
        ("task label alone", False, True, False),
        ("prompt alone", True, False, False),
        ("prompt and label", True, True, False),
        ("prompt, label and answers", True, True, True),
    ]
    for name, has_text, has_label, has_answers in track(kinds, "learning", console=Console(file=sys.stderr)):
        outcomes = [
            Outcome(
                text=f"{row['question']} {' '.join(json.loads(row['options']))}" if has_text else "",
                category=row["category"] if has_label else None,
                numbers={
                    **(_of_prompt(row) if has_text else {}),
                    **(_of_answers(row, weak, cheap) if has_answers else {}),
                },
                weak_right=float(row[f"{weak}|correct"]),
                strong_right=float(row[f"{strong}|correct"]),
                group=row["question"],
            )
            for row in rows
        ]
        found = learn(outcomes, {})
        measured = apgr(found.held_out, gains, groups)
        yield Line(name, measured, found.calibration_error, found.brier, len(cheap) * has_answers), found


def _of_prompt(row: Row) -> dict[str, float | None]:
    """What the prompt shows by itself."""
    question, options = row["question"], json.loads(row["options"])
    told = " ".join(options)
    return {
        "chars": float(np.log1p(len(question))),
        "digits": float(len(re.findall(r"\d", question))),
        "formula_marks": float(len(re.findall(r"[=^_+*/$\\]", question))),
        "questions": float(question.count("?")),
        "options": float(len(options)),
        "options_chars": float(np.log1p(len(told))),
        "options_digits": len(re.findall(r"\d", told)) / max(1, len(told)),
    }


def _of_answers(row: Row, weak: str, cheap: Sequence[str]) -> dict[str, float | None]:
    """What the weak answer, and those of further cheap models, show without knowing what is right."""
    own = row[f"{weak}|pred"]
    others = [row[f"{name}|pred"] for name in cheap]
    same = [float(own == other) if own and other else None for other in others]
    votes = [prediction for prediction in (own, *others) if prediction]
    return {
        "is_silent": float(not own),
        "own_chars": float(np.log1p(float(row[f"{weak}|out_chars"] or 0))),
        "agreement": sum(value or 0.0 for value in same),
        "all_agree": float(len(votes) == len(others) + 1 and len(set(votes)) == 1),
        "others_agree_against": float(
            len(others) > 1 and len(set(others)) == 1 and own != others[0] and bool(others[0])
        ),
        **{f"same_{at}": value for at, value in enumerate(same)},
        **{f"chars_{at}": float(np.log1p(float(row[f"{name}|out_chars"] or 0))) for at, name in enumerate(cheap)},
    }


def _promises(rows: Sequence[Row], weak: str, strong: str, learned: Learned, draws: int) -> Iterator[Promise]:
    scores = np.array(learned.held_out)
    w = np.array([float(row[f"{weak}|correct"]) for row in rows])
    s = np.array([float(row[f"{strong}|correct"]) for row in rows])
    gain = s - w
    floor = float(np.floor(100 * (s.mean() - 0.02)) / 100)

    def regret(cut: float) -> float:
        return float(((gain > 0) & (scores < cut)).mean())

    def accuracy(cut: float) -> float:
        return float(np.where(scores < cut, w, s).mean())

    rules: dict[str, tuple[Callable[[Any], Certified | Infeasible], Callable[[float], bool]]] = {
        f"regret at most {MOST_REGRET:g}": (
            lambda at: certify_regret(scores[at], gain[at], MOST_REGRET, DELTA),
            lambda cut: regret(cut) <= MOST_REGRET,
        ),
        f"accuracy at least {floor:g}": (
            lambda at: certify_floor(scores[at], w[at], s[at], floor, DELTA),
            lambda cut: accuracy(cut) >= floor,
        ),
    }
    rng = np.random.default_rng(1)
    for name, (certify, holds) in rules.items():
        shares, broken, none = [], 0, 0
        for _ in track(range(draws), name, console=Console(file=sys.stderr)):
            found = certify(rng.integers(0, len(scores), DRAWN))
            if isinstance(found, Infeasible):
                none += 1
                continue
            broken += not holds(found.cut)
            shares.append(float((scores >= found.cut).mean()))
        cuts = np.unique(scores)[:: max(1, len(scores) // 1_000)]
        ideal = min((float((scores >= cut).mean()) for cut in cuts if holds(cut)), default=1.0)
        yield Promise(name, broken / draws, float(np.mean(shares)) if shares else 1.0, ideal, none / draws)


def _show(title: str, lines: Sequence[Line], promises: Sequence[Promise]) -> None:
    heads = ("APGR (95 %)", "CPT50", "CPT80", "calibration error", "Brier", "more cheap calls")
    table = Table("order by", *heads, title=title, title_justify="left")
    for line in lines:
        found = line.measured
        interval = "" if found.low is None else f" ({found.low:.3f} to {found.high:.3f})"
        error = "" if line.calibration_error is None else f"{line.calibration_error:.3f}"
        brier = "" if line.brier is None else f"{line.brier:.3f}"
        table.add_row(
            line.name,
            f"{found.value:.3f}{interval}",
            f"{found.cpt50:.2f}",
            f"{found.cpt80:.2f}",
            error,
            brier,
            str(line.extra_calls),
        )
    cuts = Table("promise", "broken", "strong calls", "ideal", "nothing to promise", title=f"Cuts with {DRAWN} labels")
    for item in promises:
        cuts.add_row(
            item.name, f"{item.broken:.3f}", f"{item.share_strong:.3f}", f"{item.ideal:.3f}", f"{item.none:.2f}"
        )
    console = Console(width=150)
    console.print(table)
    if promises:
        console.print(cuts)


if __name__ == "__main__":
    main()
