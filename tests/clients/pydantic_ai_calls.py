"""Pydantic AI over its OpenAI chat model."""

import asyncio
import os
from typing import Literal

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

URL, KEY = os.environ["WEIGHBRIDGE_URL"], os.environ["WEIGHBRIDGE_KEY"]


class Mail(BaseModel):
    """What is wanted of a mail."""

    kind: Literal["invoice", "renewal"]
    urgent: bool


def agent(model: str = "task/reason", simulate: str = "", key: str = KEY, **changes: object) -> Agent:
    served = OpenAIChatModel(model, provider=OpenAIProvider(base_url=f"{URL}/v1", api_key=key))
    settings = {"extra_body": {"metadata": {"simulate": simulate}}} if simulate else {}
    return Agent(served, model_settings=settings, **changes)


def test_a_run_answers_with_text_and_usage() -> None:
    result = agent("task/classify", instructions="Be brief.").run_sync("Attached invoice for March.")
    assert result.output == "invoice"
    assert result.usage.total_tokens > 0
    assert result.all_messages()[-1].model_name == "fast-small"


def test_a_conversation_goes_on() -> None:
    first = agent().run_sync("Why?")
    assert agent().run_sync("And why that?", message_history=first.all_messages()).output == "legal"


@pytest.mark.parametrize("model", ["task/reason", "task/classify"])
def test_a_stream_adds_up(model: str) -> None:
    async def listen() -> str:
        async with agent(model).run_stream("An invoice.") as stream:
            return "".join([piece async for piece in stream.stream_text(delta=True)])

    assert asyncio.run(listen()) == {"task/reason": "legal", "task/classify": "invoice"}[model]


def test_typed_output_comes_through_a_tool() -> None:
    result = agent(simulate="tool_call", output_type=ToolOutput(Mail)).run_sync("A renewal.")
    assert result.output == Mail(kind="renewal", urgent=True)


def test_typed_output_comes_through_a_tool_of_a_stream() -> None:
    async def listen() -> Mail:
        async with agent(simulate="tool_call", output_type=Mail).run_stream("A renewal.") as stream:
            return await stream.get_output()

    assert asyncio.run(listen()) == Mail(kind="renewal", urgent=True)


def test_typed_output_comes_through_a_json_schema() -> None:
    result = agent(output_type=NativeOutput(Mail)).run_sync("A renewal.")
    assert result.output == Mail(kind="renewal", urgent=True)


def test_an_agent_runs_its_tool_and_comes_to_rest() -> None:
    asked = []
    busy = agent(simulate="tool_call")

    @busy.tool_plain
    def get_weather(city: Literal["Oslo", "Rome"]) -> str:
        """Weather of a city."""
        asked.append(city)
        return "sun"

    result = busy.run_sync("Rome?")
    assert (asked, result.output, result.usage.requests) == (["Rome"], "legal", 2)


def test_errors_carry_status_and_code() -> None:
    with pytest.raises(ModelHTTPError) as caught:
        agent("gpt-99").run_sync("x")
    assert (caught.value.status_code, caught.value.body["code"]) == (404, "unknown_model")
    with pytest.raises(ModelHTTPError) as caught:
        agent(key="wrong").run_sync("x")
    assert caught.value.status_code == 401
