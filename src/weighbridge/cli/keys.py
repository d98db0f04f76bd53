"""`weighbridge keys`: keys that the gateway makes, and keeps as a hash."""

import re
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from weighbridge.cli.common import (
    Config,
    Json,
    login_name,
    print_json,
    print_lines,
    print_tables,
    visible,
    with_gateway,
)
from weighbridge.dialects.native.keys import key_name, render_key, render_made
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import CommandError
from weighbridge.domain.key import MAY, MadeKey, StoredKey, WantedKey
from weighbridge.domain.levels import Sensitivity
from weighbridge.domain.moment import rfc3339
from weighbridge.pipeline.gateway import Gateway

Name = Annotated[str, Parameter(help="The key's name; records, budgets and the audit log know its holder by it.")]
By = Annotated[str | None, Parameter(name="--as", help="Who does this; without it, your login name.")]
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"^(\d{1,6})([smhdw])$")


def create(
    name: Name,
    *,
    owner: Annotated[str | None, Parameter(help="Who answers for it.")] = None,
    team: Annotated[str | None, Parameter(help="The team it belongs to, for budgets.")] = None,
    task: Annotated[list[str] | None, Parameter(help="A task it may use; again for more. Without it, all.")] = None,
    model: Annotated[list[str] | None, Parameter(help="A model that may serve it; again for more.")] = None,
    sensitivity: Annotated[Sensitivity | None, Parameter(help="The least level of all its content.")] = None,
    may: Annotated[list[str] | None, Parameter(help=f"One of {', '.join(MAY[1:])}; again for more.")] = None,
    no_pin: Annotated[bool, Parameter(negative=(), help="It may not ask for a model by name.")] = False,
    expires: Annotated[str | None, Parameter(help="When it ends by itself: 90d, 12h, 2w.")] = None,
    by: By = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make a key and print it, this one time."""
    for one in may or ():
        if one not in MAY[1:]:
            raise CommandError(f"There is nothing called {one!r} to allow.", advice=f"Say {', '.join(MAY[1:])}.")
    wanted = WantedKey(
        Caller(
            key_name(name),
            sensitivity,
            may_pin=not no_pin,
            tasks=None if task is None else frozenset(task),
            models=None if model is None else frozenset(model),
            team=team,
            may_audit="audit" in (may or ()),
            may_review="review" in (may or ()),
            may_edit_sources="edit_sources" in (may or ()),
            may_admin="admin" in (may or ()),
        ),
        owner,
        None if expires is None else _seconds(expires),
    )

    async def work(gateway: Gateway) -> MadeKey:
        _require_declared(wanted.caller, gateway)
        taken = frozenset(key.caller.name for key in gateway.policy.keys)
        return await gateway.admission.make(wanted, _operator(by), taken)

    _tell(with_gateway(config, work), json)


def rotate(
    name: Name,
    *,
    overlap: Annotated[str, Parameter(help="For how long the old key goes on: 24h, 7d; 0s ends it at once.")] = "24h",
    by: By = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make a new key for the same holder; the old one ends after the overlap."""
    overlap_s = _seconds(overlap)
    _tell(with_gateway(config, lambda gateway: gateway.admission.rotate(name, _operator(by), overlap_s)), json)


def revoke(name: Name, *, by: By = None, config: Config = None, json: Json = False) -> None:
    """End all keys of that name at once, in every process within a second."""
    revoked = with_gateway(config, lambda gateway: gateway.admission.revoke(name, _operator(by)))
    if json:
        print_json({"name": name, "revoked": revoked})
    else:
        print_lines(f"{visible(name)}: {revoked} revoked; running gateways turn it away within a second.")


def list_(*, config: Config = None, json: Json = False) -> None:
    """List the keys that the gateway made; those of the config stand there."""
    found, now = with_gateway(config, lambda gateway: gateway.admission.keys()), rfc3339(datetime.now(UTC))
    if json:
        print_json([render_key(key, now) for key in found])
    else:
        print_tables(_table(found, now))


def _tell(made: MadeKey, is_json: bool) -> None:
    if is_json:
        print_json(render_made(made, rfc3339(datetime.now(UTC))))
        return
    ends = "does not expire" if made.key.expires_at is None else f"expires at {made.key.expires_at}"
    print_lines(made.secret, f"Keep it now: it is not shown again. The key of {made.key.caller.name} {ends}.")


def _require_declared(caller: Caller, gateway: Gateway) -> None:
    for what, stated, known in (
        ("task", caller.tasks, gateway.policy.tasks),
        ("model", caller.models, gateway.policy.models),
    ):
        for name in stated or ():
            if name not in known:
                raise CommandError(f"The config has no {what} {name!r}.", advice=f"It has {', '.join(known)}.")


def _operator(by: str | None) -> str:
    return f"operator:{by or login_name()}"


def _seconds(text: str) -> int:
    found = _SPAN.match(text)
    if found is None:
        raise CommandError(f"{text!r} is no span of time.", advice="Write a number and s, m, h, d or w, such as 90d.")
    return int(found[1]) * UNITS[found[2]]


def _table(found: list[StoredKey], now: str) -> Table:
    table = Table(title=f"{len(found)} keys", title_justify="left")
    for column in ("name", "state", "key", "owner", "team", "tasks", "models", "may", "made", "expires"):
        table.add_column(column, overflow="fold")
    for key in found:
        caller = key.caller
        table.add_row(
            visible(caller.name),
            key.state(now).value,
            f"wb-…{key.hint}",
            visible(key.owner or ""),
            visible(caller.team or ""),
            "all" if caller.tasks is None else ", ".join(sorted(caller.tasks)),
            "all" if caller.models is None else ", ".join(sorted(caller.models)),
            ", ".join(name for name in MAY if getattr(caller, f"may_{name}")),
            key.created_at[:10],
            "" if key.expires_at is None else key.expires_at[:16],
        )
    return table
