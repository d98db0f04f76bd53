"""Declared tools: where a call goes is the operator's word, what comes back is a result or a reason."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from providers.loopback import Step, Then, serving
from weighbridge.domain.secret import Secret
from weighbridge.domain.tool import DeclaredTool, ToolAnswer
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.tools import ToolCalls

ENTRY_POINTS = "[weighbridge.tools]\nbalance = acme_tools:balance\nbroken = acme_tools:broken\nslow = acme_tools:slow\n"
MODULE = """import time

def balance(arguments):
    return {"balance": "12.50", "of": arguments["account"]}

def broken(arguments):
    raise KeyError("secret detail")

def slow(arguments):
    time.sleep(0.5)
"""


def answered(body: bytes, status: str = "200 OK", *headers: str) -> list[Step]:
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers))
    return [head.encode() + b"\r\n" + body]


def a_tool(**fields: Any) -> DeclaredTool:
    return DeclaredTool(**({"name": "account", "description": "d", "parameters": {"account": "its number"}} | fields))


async def asked(tool: DeclaredTool, timeout_s: float = 5.0, **arguments: str) -> ToolAnswer:
    client = HttpClient()
    try:
        return await ToolCalls(client).call(tool, arguments, timeout_s)
    finally:
        await client.close()


async def test_an_http_tool_is_asked_with_its_headers() -> None:
    async with serving(answered(b'{"state": "open"}')) as host:
        tool = a_tool(url=f"{host.url}/accounts/{{account}}", headers={"x-key": Secret("${env:K}", "hush"), "x-a": "b"})
        assert await asked(tool, account="A 7") == ToolAnswer('{"state": "open"}')
    assert host.received[0].line == "GET /v1/accounts/A%207 HTTP/1.1"
    assert (host.received[0].headers["x-key"], host.received[0].headers["x-a"]) == ("hush", "b")


async def test_a_post_carries_the_arguments_as_json() -> None:
    async with serving(answered(b"fine")) as host:
        await asked(a_tool(url=f"{host.url}/ask", method="POST"), account="7", other="x")
    assert json.loads(host.received[0].body) == {"account": "7"}
    assert host.received[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("account", ["../admin", "7?all=1", "7#x", "a/b", "@evil.test", "%2e%2e", "7\u00fc"])
async def test_what_is_filled_in_stays_one_part_of_the_path(account: str) -> None:
    async with serving(answered(b"ok")) as host:
        await asked(a_tool(url=f"{host.url}/accounts/{{account}}/state"), account=account)
    target = host.received[0].line.split(" ")[1]
    assert target.count("/") == 4
    assert target.endswith("/state")
    assert "?" not in target


@pytest.mark.parametrize("account", ["", "  ", "..", ".", "a\nb", "x" * 1_001])
async def test_what_cannot_be_filled_in_is_not_asked(account: str) -> None:
    async with serving(answered(b"ok")) as host:
        answer = await asked(a_tool(url=f"{host.url}/{{account}}"), account=account)
    assert answer.text is None
    assert "account" in (answer.error or "")
    assert host.received == []


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        (answered(b"down", "503 Service Unavailable"), "status 503"),
        (answered(b"", "302 Found", "location: http://127.0.0.1:9/"), "status 302"),
        (answered(b"\xff\xfe"), "a result that is not UTF-8"),
        (answered(b"x" * 101), "more than 100 characters"),
        (answered(b" "), "an empty result"),
        ([Then.HANG], "timeout"),
        ([Then.RESET], "unavailable"),
    ],
)
async def test_a_tool_that_fails_says_how_in_a_few_words(steps: list[Step], error: str) -> None:
    async with serving(steps) as host:
        answer = await asked(a_tool(url=f"{host.url}/{{account}}", most_chars=100, timeout_s=0.2), account="7")
    assert answer == ToolAnswer(None, error)


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "acme_tools-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tools\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "acme_tools.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "acme_tools", raising=False)


@pytest.mark.usefixtures("_installed")
async def test_a_function_is_asked_and_its_result_is_json() -> None:
    answer = await asked(a_tool(function="balance"), account="7")
    assert json.loads(answer.text or "") == {"balance": "12.50", "of": "7"}


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(("function", "error"), [("broken", "KeyError"), ("slow", "timeout"), ("none", "ImportError")])
async def test_a_function_that_fails_tells_nothing_of_its_inside(function: str, error: str) -> None:
    answer = await asked(a_tool(function=function, timeout_s=0.1), account="7")
    assert answer == ToolAnswer(None, error)
    await asyncio.sleep(0)
