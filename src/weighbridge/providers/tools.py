"""Asking declared tools: other people's HTTP servers, and functions of installed packages.

Where a call goes is the operator's word alone: what a caller or a model fills in is percent-encoded into path and
query, so that it can change neither host nor path segments, and no redirect is followed.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from urllib.parse import quote

import orjson

from weighbridge.domain.errors import ProviderError
from weighbridge.domain.secret import Secret
from weighbridge.domain.tool import DeclaredTool, ToolAnswer
from weighbridge.providers.transport import Headers, HttpCall, Transport, split_url

GROUP = "weighbridge.tools"
LONGEST_ARGUMENT_CHARS = 1_000

log = logging.getLogger("weighbridge.tools")

ToolFunction = Callable[[Mapping[str, str]], object]


class ToolCalls:
    """Satisfies `ports.Tools`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def call(self, tool: DeclaredTool, arguments: Mapping[str, str], timeout_s: float) -> ToolAnswer:
        """Ask once. Never raises for what the tool does."""
        try:
            return ToolAnswer(await self._called(tool, _checked(tool, arguments), min(tool.timeout_s, timeout_s)))
        except _Failed as failure:
            return ToolAnswer(None, str(failure))

    async def _called(self, tool: DeclaredTool, arguments: Mapping[str, str], within_s: float) -> str:
        text = await (self._fetched(tool, arguments, within_s) if tool.url else _asked(tool, arguments, within_s))
        if len(text) > tool.most_chars:
            raise _Failed(f"more than {tool.most_chars} characters")
        if not text.strip():
            raise _Failed("an empty result")
        return text

    async def _fetched(self, tool: DeclaredTool, arguments: Mapping[str, str], within_s: float) -> str:
        call = _http_call(tool, arguments)
        try:
            answer = await self._transport.send(call, within_s)
        except ProviderError as error:
            raise _Failed(error.code.removeprefix("provider_")) from error
        if not 200 <= answer.status < 300:
            raise _Failed(f"status {answer.status}")
        try:
            return answer.body.decode()
        except UnicodeDecodeError:
            raise _Failed("a result that is not UTF-8") from None


class _Failed(Exception):  # noqa: N818 (it never leaves this file)
    """Why there is no result."""


def load_tool(name: str) -> ToolFunction:
    """The function. Raises ImportError with the reason when it cannot be had."""
    for point in entry_points(group=GROUP, name=name):
        try:
            function: ToolFunction = point.load()
        except Exception as error:  # whatever a stranger's module does while it is imported
            raise ImportError(f"{point.value} cannot be imported: {type(error).__name__}") from error
        if not callable(function):
            raise ImportError(f"{point.value} is not a function")
        return function
    names = ", ".join(sorted(point.name for point in entry_points(group=GROUP)))
    raise ImportError(f"no installed package has it; there are {names or 'none'}")


async def _asked(tool: DeclaredTool, arguments: Mapping[str, str], within_s: float) -> str:
    try:
        function = load_tool(tool.function or "")
        answer = await asyncio.wait_for(asyncio.to_thread(function, arguments), within_s)
        return answer if isinstance(answer, str) else orjson.dumps(answer).decode()
    except TimeoutError:
        raise _Failed("timeout") from None
    except Exception as error:  # whatever a stranger's function raises: the model is told that it is not known
        log.exception("tool %s failed", tool.name)
        raise _Failed(f"{type(error).__name__}") from error


def _http_call(tool: DeclaredTool, arguments: Mapping[str, str]) -> HttpCall:
    url = tool.url or ""
    for name, value in arguments.items():
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    body, headers = b"", _headers(tool)
    if tool.method == "POST":
        body, headers = orjson.dumps(dict(arguments)), (("content-type", "application/json"), *headers)
    origin, target = split_url(url)
    return HttpCall(tool.method, origin, target, headers, body)


def _headers(tool: DeclaredTool) -> Headers:
    stated = {name: value.value if isinstance(value, Secret) else value for name, value in tool.headers.items()}
    return tuple(
        ({"user-agent": "weighbridge", "accept": "application/json, text/plain;q=0.9, */*;q=0.1"} | stated).items()
    )


def _checked(tool: DeclaredTool, arguments: Mapping[str, str]) -> dict[str, str]:
    """Just the declared ones. `.` and `..` are refused: servers take them for steps in the path even when encoded."""
    for name in tool.parameters:
        value = arguments.get(name, "")
        if not value.strip():
            raise _Failed(f"no {name} to ask with")
        if len(value) > LONGEST_ARGUMENT_CHARS or value.strip() in {".", ".."} or not value.isprintable():
            raise _Failed(f"a {name} that cannot be asked with")
    return {name: arguments[name] for name in tool.parameters}
