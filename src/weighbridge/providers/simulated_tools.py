"""Tool calls of a simulated model, as a script asks for them."""

import re
from dataclasses import dataclass

from weighbridge.domain.request import Request, Role, Tool, ToolCall
from weighbridge.providers.simulated_json import example_json

EVERY = "*"
_WISH = re.compile(r"(?P<name>\S*)\s*(?P<arguments>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ToolWish:
    """Which tool to call, and with what."""

    name: str = ""
    """The tool's name, offered or not; empty for the first on offer, `*` for each of them."""
    arguments: str | None = None
    """The arguments as they stand, JSON or not; `None` for some that fit the tool's schema."""


def parse_wish(text: str) -> ToolWish:
    """Read `[NAME [ARGUMENTS]]`."""
    match = _WISH.fullmatch(text.strip())
    return ToolWish(match["name"], match["arguments"] or None) if match else ToolWish()


def wished_calls(wish: ToolWish | None, request: Request) -> tuple[ToolCall, ...]:
    """The calls to answer with; none once a tool's result is the last message, so that an agent comes to rest."""
    if wish is None or request.messages[-1].role is Role.TOOL:
        return ()
    return tuple(
        ToolCall(f"call_{number}", tool.name, _arguments(wish, tool, request))
        for number, tool in enumerate(_tools(wish.name, request.tools), 1)
    )


def _tools(name: str, offered: tuple[Tool, ...]) -> tuple[Tool, ...]:
    if name == EVERY:
        return offered
    if not name:
        return offered[:1]
    return tuple(tool for tool in offered if tool.name == name) or (Tool(name, None, None),)


def _arguments(wish: ToolWish, tool: Tool, request: Request) -> str:
    if wish.arguments is not None:
        return wish.arguments
    return "{}" if tool.parameters_json is None else example_json(tool.parameters_json, request.user_text)
