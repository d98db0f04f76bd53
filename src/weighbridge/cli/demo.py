"""`weighbridge demo`: three requests that take three different routes."""

from weighbridge.cli.common import Json, print_json, print_lines, with_gateway
from weighbridge.dialects.native.record import render_record
from weighbridge.domain.outcome import Outcome
from weighbridge.pipeline.gateway import Gateway

SCENARIOS = (
    ("classify", "low", "Classify this vendor email: attached invoice for March."),
    ("classify", "low", "Classify this ambiguous vendor email about contract billing."),
    ("reason", "high", "Assess legal risk in this disputed contract clause."),
)


def demo(*, json: Json = False) -> None:
    """Send three requests through the built-in portfolio: a cheap one, one that falls back, a high-risk one."""
    outcomes = with_gateway(None, _run_all)
    if json:
        print_json([{"text": outcome.text, "record": render_record(outcome.record)} for outcome in outcomes])
        return
    for outcome in outcomes:
        print_lines(
            "---",
            f"model={outcome.model}",
            f"fallback_used={outcome.record.is_fallback}",
            f"cost={outcome.cost}",
            f"reason={outcome.reason}",
            f"text={outcome.text}",
        )
    print_lines("", f"Why? weighbridge explain {outcomes[1].record.id}")


async def _run_all(gateway: Gateway) -> list[Outcome]:
    return [await gateway.run(task=task, risk=risk, input=text) for task, risk, text in SCENARIOS]
