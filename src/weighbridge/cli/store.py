"""`weighbridge store`: which version the record database has, and the way back to an earlier one."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from weighbridge.cli.common import Config, Json, found_config, print_json, print_lines
from weighbridge.config.load import load_policy
from weighbridge.domain.secret import Secret
from weighbridge.store.back import StoreVersion, go_back, losses, version_at


def show(*, config: Config = None, json: Json = False) -> None:
    """Show which version the record database has, and how far back it can be brought. Nothing is changed."""
    standing = version_at(_place(config))
    if json:
        print_json(asdict(standing))
    else:
        print_lines(*_told(standing))


def back(
    version: Annotated[int, Parameter(help="The version that the earlier Weighbridge knows.", validator=Number(gte=1))],
    *,
    yes: Annotated[bool, Parameter(negative=(), help="Do it; without this, only what would be lost is shown.")] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Bring the record database back to an earlier version, for an earlier Weighbridge. Stop all gateways first.

    Any command of this Weighbridge that opens the store brings it forward again. Exit 1 without --yes.
    """
    place = _place(config)
    lost = losses(version_at(place), version)
    if yes:
        standing = go_back(place, version)
    if json:
        print_json({"version": version, "is_done": yes, "lost": lost})
    elif yes:
        print_lines(f"The database has version {standing.present}. Start the earlier Weighbridge on it.")
    else:
        print_lines(f"Going back to version {version} loses:", *(f"  {line}" for line in lost), "Add --yes to do it.")
    return 0 if yes else 1


def _place(config: Path | None) -> Path | Secret:
    store = load_policy(found_config(config), os.environ).store
    return store.url or Path(store.path)


def _told(standing: StoreVersion) -> list[str]:
    lines = [f"{standing.dialect}, version {standing.present}; this Weighbridge knows versions up to {standing.known}."]
    if standing.earliest < standing.present:
        lines.append(f"`weighbridge store back {standing.earliest}` leads back to version {standing.earliest}.")
    return lines
