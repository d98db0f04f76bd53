"""What several commands share: finding the config, opening the gateway, printing for people and machines."""

import asyncio
import getpass
import os
import sys
import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
from cyclopts import Parameter
from rich.console import Console

from weighbridge.domain.errors import CommandError
from weighbridge.pipeline.gateway import Gateway

Result = TypeVar("Result")

Config = Annotated[Path | None, Parameter(help="Config file; ./weighbridge.yaml if there is one, else the demo.")]
Json = Annotated[
    bool,
    Parameter(name="--json", negative=(), show_default=False, help="Print one JSON document for machines."),
]

PIPE_COLUMNS = 140
JOINERS = "\u200c\u200d"
"""Format characters that written languages and emoji need."""
DEFAULT_CONFIG = Path("weighbridge.yaml")


def found_config(config: Path | None) -> Path | None:
    """The stated config, else `weighbridge.yaml` in this folder, else `None` for the built-in demo."""
    return DEFAULT_CONFIG if config is None and DEFAULT_CONFIG.exists() else config


def with_gateway(config: Path | None, work: Callable[[Gateway], Awaitable[Result]]) -> Result:
    """Open the gateway, do the work, close it. Raises ConfigError and whatever the work raises."""

    async def body() -> Result:
        async with Gateway.open(found_config(config), env=os.environ) as gateway:
            return await work(gateway)

    return asyncio.run(body())


def print_json(content: object) -> None:
    """One indented JSON document on stdout."""
    sys.stdout.write(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_tables(*parts: object) -> None:
    """Tables and text on stdout: as wide as the terminal, or wide enough for a pipe."""
    console = Console(highlight=False, markup=False, emoji=False)  # a rationale may hold [brackets] and :colons:
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_COLUMNS
    console.print(*parts, sep="\n")


def login_name(looked_up: Callable[[], str] = getpass.getuser) -> str:
    """Who is logged in. Raises CommandError for a user without a name."""
    try:
        return looked_up()
    except (KeyError, OSError, ImportError):  # a container's user that has no name
        raise CommandError("You have no login name.", advice="Say who decides with `--as NAME`.") from None


def visible(text: str) -> str:
    """Text of others as a terminal may show it: what would move the cursor, change colours or turn the reading
    direction is spelled out, and further lines are set in, so that no text can pass for a line of ours."""
    spelled = "".join(_spelled(character) for character in text)
    return spelled.replace("\n", "\n  ")


def _spelled(character: str) -> str:
    is_plain = character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return character if is_plain or character in JOINERS else f"\\u{ord(character):04x}"


def print_lines(*lines: str) -> None:
    """Plain lines on stdout."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
