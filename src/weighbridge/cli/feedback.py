"""`weighbridge feedback ID`: what you think of an answer, kept with its record."""

from typing import Annotated

from cyclopts import Parameter

from weighbridge.cli.common import Config, Json, login_name, print_json, print_lines, with_gateway
from weighbridge.cli.explain import found
from weighbridge.dialects.native.review import render_feedback
from weighbridge.domain.feedback import Feedback, Thumbs
from weighbridge.pipeline.gateway import Gateway


def feedback(
    id: Annotated[str, Parameter(help="A record's id, or `last`.")],  # noqa: A002
    *,
    thumbs: Annotated[Thumbs | None, Parameter(help="Good or bad.")] = None,
    label: Annotated[str | None, Parameter(help="The right label, or what kind of wrong it was.")] = None,
    text: Annotated[str | None, Parameter(help="In words.")] = None,
    by: Annotated[str | None, Parameter(name="--as", help="Who says it; without it, your login name.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say what you think of an answer; `explain` shows it."""
    who = by or login_name()

    async def work(gateway: Gateway) -> Feedback:
        record = await found(gateway, id)
        return await gateway.remark(record.id, thumbs=thumbs, label=label, text=text, by=who)

    kept = with_gateway(config, work)
    if json:
        print_json(render_feedback(kept))
    else:
        print_lines(f"{kept.id}: kept with {kept.record_id}")
