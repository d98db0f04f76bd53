"""`weighbridge run TASK`: one request from the command line."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from weighbridge.cli.common import Config, Json, print_json, print_lines, with_gateway
from weighbridge.dialects.native.record import render_record
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.outcome import Outcome
from weighbridge.pipeline.gateway import Gateway


def run(
    task: Annotated[str, Parameter(help="A task of the config, or `auto` to have it classified.")],
    *,
    input: Annotated[str, Parameter(help="The text, or @FILE to read it; @- reads stdin.")],  # noqa: A002
    risk: Annotated[str | None, Parameter(help="low, medium or high; what is not stated, the task declares.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Run a task once and print the answer, the model that gave it, what it cost and why."""
    text = read_input(input)

    async def work(gateway: Gateway) -> Outcome:
        return await gateway.run(task=None if task == "auto" else task, risk=risk, input=text)

    outcome = with_gateway(config, work)
    if json:
        print_json({"text": outcome.text, "record": render_record(outcome.record)})
    else:
        print_lines(*_lines(outcome))


def read_input(argument: str) -> str:
    """The argument itself, or the file behind `@`. Raises InvalidFieldError when it cannot be read as text."""
    if not argument.startswith("@"):
        return argument
    try:
        return sys.stdin.read() if argument == "@-" else Path(argument[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFieldError(
            f"{argument[1:]!r} cannot be read: {type(error).__name__}.",
            advice="Name a readable UTF-8 text file after @.",
            param="input",
        ) from None


def _lines(outcome: Outcome) -> list[str]:
    record = outcome.record
    return [
        f"model={outcome.model}",
        f"fallback_used={record.is_fallback}",
        f"cost={'unknown' if outcome.cost is None else outcome.cost}",
        f"reason={outcome.reason or outcome.record.error_code or ''}",
        f"record={record.id}",
        f"text={outcome.text}",
    ]
