"""A real model on this machine: SmolLM2-135M behind a server that the gateway starts, watches and stops."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from make import a_model, a_request
from weighbridge.config.load import load_policy
from weighbridge.domain.errors import ProviderUnavailableError
from weighbridge.domain.policy import Host
from weighbridge.domain.request import TEXT_OUTPUT, OutputFormat, Request, Role, say
from weighbridge.domain.response import FinishReason
from weighbridge.pipeline.gateway import Gateway
from weighbridge.providers.clock import SystemClock
from weighbridge.providers.hosts import HostCalls, check_host
from weighbridge.providers.http1 import HttpClient
from weighbridge.providers.local import MOST_STARTS, LocalHost, check_local, read_settings

HOST = Host("here", "llama.cpp", "local", options={"context_tokens": 1024})
MODEL = a_model("smollm2", host="here", upstream_name="here")
LABELS = {"type": "object", "properties": {"kind": {"enum": ["invoice", "legal"]}}, "required": ["kind"]}
EXAMPLE = Path(__file__).parents[2] / "examples" / "local" / "weighbridge.yaml"

pytestmark = pytest.mark.timeout(120)


@asynccontextmanager
async def local_host(host: Host = HOST) -> AsyncIterator[LocalHost]:
    transport = HttpClient()
    made = LocalHost(host, transport, SystemClock())
    try:
        yield made
    finally:
        await made.close()
        await transport.close()


def asked(text: str = "Say hello.", most: int = 16, output: OutputFormat = TEXT_OUTPUT) -> Request:
    turns = (say(Role.SYSTEM, "You are brief."), say(Role.USER, text))
    return a_request(messages=turns, max_output_tokens=most, output=output)


async def answer_of(host: LocalHost) -> int:
    """A short answer, and the process that gave it."""
    assert (await host.call(MODEL, asked(most=2), 60)).text
    assert host.pid is not None
    return host.pid


def is_alive(pid: int | None) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def servers() -> list[str]:
    """Processes that this one has started and that still run."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


async def test_it_answers_with_words_usage_and_log_probabilities() -> None:
    async with local_host() as host:
        request = a_request(messages=asked().messages, max_output_tokens=16, wants_logprobs=True)
        answer = await host.call(MODEL, request, 60)
        logprobs = answer.choices[0].logprobs
        assert answer.text.strip()
        assert logprobs is not None
        assert all(figure <= 0 for figure in logprobs)
        assert answer.usage is not None
        assert 0 < answer.usage.output_tokens <= 16
        assert answer.model == "here"


async def test_it_streams_piece_by_piece_and_says_why_it_ended() -> None:
    async with local_host() as host:
        request = a_request(messages=asked().messages, max_output_tokens=16, is_stream=True)
        deltas = [delta async for delta in host.stream(MODEL, request, 60)]
        assert sum(bool(delta.text) for delta in deltas) > 1
        assert {delta.finish_reason for delta in deltas} & {FinishReason.STOP, FinishReason.LENGTH}
        assert any(delta.usage for delta in deltas)


async def test_a_schema_is_kept_by_force() -> None:
    async with local_host() as host:
        shape = OutputFormat("json_schema", json.dumps(LABELS))
        for text in ("Attached invoice.", "Tell me a story.", "xx"):
            answer = await host.call(MODEL, asked(text, 40, shape), 60)
            assert json.loads(answer.text)["kind"] in {"invoice", "legal"}


async def test_many_calls_at_once_start_one_server() -> None:
    async with local_host() as host:
        before = servers()
        await asyncio.gather(*(answer_of(host) for _ in range(3)))
        assert len(set(servers()) - set(before)) == 1


async def test_a_server_that_died_is_started_again() -> None:
    async with local_host() as host:
        first = await answer_of(host)
        os.kill(first, signal.SIGKILL)
        while host.pid is not None:
            await asyncio.sleep(0.02)
        assert await answer_of(host) != first


async def test_one_that_never_starts_is_told_and_not_tried_for_ever(tmp_path: Path) -> None:
    weights = tmp_path / "no-weights.gguf"
    weights.write_bytes(b"GGUF but no more")
    async with local_host(Host("here", "llama.cpp", "local", options={"model": str(weights)})) as host:
        for _ in range(MOST_STARTS):
            with pytest.raises(ProviderUnavailableError, match="did not start") as raised:
                await host.call(MODEL, asked(), 60)
            assert raised.value.may_have_cost is False
        with pytest.raises(ProviderUnavailableError, match="times within"):
            await host.call(MODEL, asked(), 60)


async def test_no_time_to_start_is_an_error_and_leaves_nothing_behind() -> None:
    async with local_host() as host:
        before = servers()
        with pytest.raises(ProviderUnavailableError, match="in time"):
            await host.call(MODEL, asked(), 0.01)
        assert servers() == before


async def test_it_stops_with_the_gateway_and_when_its_row_changes() -> None:
    calls, before = HostCalls(SystemClock()), servers()
    await calls.call(HOST, MODEL, asked(most=2), 60)
    first = set(servers()) - set(before)
    same = Host("here", "llama.cpp", "local", options={"context_tokens": 1024})
    await calls.call(same, MODEL, asked(most=2), 60)
    assert set(servers()) - set(before) == first
    other = Host("here", "llama.cpp", "local", options={"context_tokens": 512})
    await calls.call(other, MODEL, asked(most=2), 60)
    assert first.isdisjoint(servers())
    await calls.close()
    assert servers() == before


def test_it_dies_with_a_parent_that_is_killed() -> None:
    script = """
import asyncio
from providers.test_local import answer_of, local_host
async def main():
    async with local_host() as host:
        print(await answer_of(host), flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=path, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    deadline = time.monotonic() + 10
    while is_alive(child):
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


async def test_restricted_content_has_a_home_without_any_provider(tmp_path: Path) -> None:
    path = tmp_path / "weighbridge.yaml"
    path.write_text(EXAMPLE.read_text())  # in a folder where nothing else is, as after a fresh clone
    async with Gateway.on(load_policy(path, {})) as gateway:
        outcome = await gateway.run(task="classify", input="Attached invoice for March.", risk="low")
        assert json.loads(outcome.text)["kind"] in {"invoice", "renewal", "tax", "legal", "other"}
        known = outcome.record.classification
        assert known is not None
        assert (known.sensitivity, str(outcome.cost)) == ("restricted", "0")


def test_options_are_checked_before_anything_is_started(tmp_path: Path) -> None:
    assert check_host(HOST) == []
    assert check_local({"model": str(tmp_path / "none.gguf")})[0].startswith("options.model: there is no file")
    with pytest.raises(ValueError, match=r"options.slots must be.*options.threads must be"):
        read_settings({"slots": 0, "threads": "two"})
    with pytest.raises(ValueError, match=r"options.speed is unknown"):
        read_settings({"speed": 1})
