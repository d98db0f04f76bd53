"""`weighbridge budget`: how full each budget is, whether the ledger's sums agree with its book, and with a bill."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.table import Table

from weighbridge.budget.reconcile import reconcile as pair
from weighbridge.cli.common import Config, Json, print_json, print_lines, print_tables, visible, with_gateway
from weighbridge.dialects.usage_export import parse_export
from weighbridge.domain.billed import Billed, Comparison
from weighbridge.domain.errors import CommandError
from weighbridge.domain.hold import Standing
from weighbridge.domain.money import Money

DAY_S = 86_400


def show(*, config: Config = None, json: Json = False) -> None:
    """Show each budget, and each of its holders, with what is spent, held and left in the present period."""
    standings = with_gateway(config, lambda gateway: gateway.standings())
    if json:
        print_json([_row(standing) for standing in standings])
    else:
        print_tables(_table(standings))


def check(*, config: Config = None, json: Json = False) -> int:
    """Hold every sum of the ledger against its book. Exit 1 when something does not agree."""
    differences = with_gateway(config, lambda gateway: gateway.check_ledger())
    if json:
        print_json({"agrees": not differences, "differences": differences})
    elif differences:
        print_lines(*differences)
    else:
        print_lines("The ledger agrees with its book: entries sum to zero, and every sum and hold is accounted for.")
    return 1 if differences else 0


def reconcile(
    file: Annotated[Path, Parameter(help="A usage export of a provider.")],
    *,
    form: Annotated[Literal["openai", "anthropic", "csv"], Parameter(help="Whose export it is.")],
    tolerance: Annotated[
        float, Parameter(help="Share of tokens that may differ.", validator=Number(gte=0, lte=1))
    ] = 0.01,
    config: Config = None,
    json: Json = False,
) -> int:
    """Hold a provider's usage export against the records. Exit 1 when something differs by more than the tolerance."""
    try:
        billed = parse_export(file.read_bytes(), form)
    except OSError:
        raise CommandError(f"{file} cannot be read.", advice="Name a readable file.") from None
    begins, ends = _covered(billed)
    known = with_gateway(config, lambda gateway: gateway.known_calls(begins, ends))
    compared = pair(billed, known)
    off = [item for item in compared if item.off > tolerance]
    if json:
        print_json({"agrees": not off, "rows": [asdict(item) | _told(item) for item in compared]})
    else:
        print_tables(_compared(off or compared, len(compared), tolerance, bool(off)))
    return 1 if off else 0


def _covered(billed: list[Billed]) -> tuple[float, float]:
    """What the export tells of: its stretches of time, and of single answers their whole days."""
    begins = min(row.begins if row.ends > row.begins else row.begins // DAY_S * DAY_S for row in billed)
    ends = max(row.ends if row.ends > row.begins else row.begins // DAY_S * DAY_S + DAY_S for row in billed)
    return begins, ends


def _told(item: Comparison) -> dict[str, object]:
    return {"off": round(item.off, 6), "billed_cost": _usd(item.billed_cost), "known_cost": _usd(item.known_cost)}


def _compared(shown: list[Comparison], total: int, tolerance: float, is_off: bool) -> Table:
    what = f"{len(shown)} of {total} differ by more than {tolerance:.1%}" if is_off else f"{total} agree"
    table = Table(title=what, title_justify="left")
    for column in ("when or which", "model", "key"):
        table.add_column(column)
    for column in ("billed tokens", "ours", "off", "calls", "unknown", "billed USD", "ours USD"):
        table.add_column(column, justify="right")
    for item in shown:
        amounts = [_usd(amount) or "unknown" for amount in (item.billed_cost, item.known_cost)]
        numbers = (f"{item.billed_tokens:,}", f"{item.known_tokens:,}", f"{item.off:.2%}", str(item.calls))
        names = (visible(item.what), visible(item.model), visible(item.key or ""))
        table.add_row(*names, *numbers, str(item.unknown), *amounts)
    return table


def _row(standing: Standing) -> dict[str, object]:
    account = standing.account
    budget = account.budget
    return {
        "budget": budget.name,
        "holder": account.holder or None,
        "period": budget.period,
        "key": budget.caller,
        "team": budget.team,
        "task": budget.task,
        "tag": None if budget.tag is None else "=".join(budget.tag),
        "per": None if budget.per is None else budget.per.value,
        "limit_usd": _usd(budget.limit),
        "spent_usd": _usd(standing.spent),
        "held_usd": _usd(standing.held),
        "left_usd": _usd(standing.left),
        "limit_tokens": budget.limit_tokens,
        "spent_tokens": standing.spent_tokens,
        "held_tokens": standing.held_tokens,
        "left_tokens": standing.left_tokens,
        "used": round(standing.used, 4),
        "resets_at": None if account.ends is None else _time(account.ends),
    }


def _usd(amount: Money | None) -> str | None:
    return None if amount is None else str(amount)


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _table(standings: list[Standing]) -> Table:
    names = {standing.account.budget.name for standing in standings}
    table = Table(title=f"{len(names)} budgets", title_justify="left")
    for column in ("budget", "counts", "period", "limit", "spent", "held", "left", "used", "begins anew"):
        table.add_column(column, justify="right" if column in {"limit", "spent", "held", "left", "used"} else "left")
    for standing in standings:
        for cells in _cells(standing):
            table.add_row(*cells)
    return table


def _cells(standing: Standing) -> list[tuple[str, ...]]:
    """A line for each limit."""
    account, budget = standing.account, standing.account.budget
    holder = "" if budget.per is None else f": {account.holder or '(none named)'}"
    name = visible(budget.name + holder)
    ends = "never" if account.ends is None else _time(account.ends)
    period = budget.period if budget.window_s is None else f"{budget.period} {budget.window_s} s"
    lines = []
    if budget.limit is not None:
        amounts = (budget.limit, standing.spent, standing.held, standing.left)
        lines.append((name, _counted(standing), period, *(f"{amount} USD" for amount in amounts)))
    if budget.limit_tokens is not None:
        numbers = (budget.limit_tokens, standing.spent_tokens, standing.held_tokens, standing.left_tokens)
        lines.append((name, _counted(standing), period, *(f"{number} tokens" for number in numbers)))
    return [(*line, f"{standing.used:.1%}", ends) for line in lines]


def _counted(standing: Standing) -> str:
    budget = standing.account.budget
    stated = {"key": budget.caller, "team": budget.team, "task": budget.task}
    parts = [f"{name} {value}" for name, value in stated.items() if value is not None]
    parts += [] if budget.tag is None else ["=".join(budget.tag)]
    parts += [] if budget.per is None else [f"each {budget.per}"]
    return visible(", ".join(parts)) or "all"
