"""LangChain's OpenAI integration."""

import asyncio
import os
from typing import Literal

import openai
import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

URL, KEY = os.environ["WEIGHBRIDGE_URL"], os.environ["WEIGHBRIDGE_KEY"]


class Mail(BaseModel):
    """What is wanted of a mail."""

    kind: Literal["invoice", "renewal"]
    urgent: bool


@tool
def get_weather(city: Literal["Oslo", "Rome"]) -> str:
    """Weather of a city."""
    return f"sun in {city}"


def chat(model: str = "task/reason", simulate: str = "", **changes: object) -> ChatOpenAI:
    return ChatOpenAI(
        model=model,
        base_url=f"{URL}/v1",
        api_key=KEY,
        max_retries=0,
        extra_body=body(simulate),
        **changes,
    )


def body(simulate: str) -> dict[str, object] | None:
    return {"metadata": {"simulate": simulate}} if simulate else None


def test_a_call_answers_with_text_usage_and_the_model_that_served() -> None:
    answer = chat("task/classify").invoke([SystemMessage("Be brief."), HumanMessage("Attached invoice for March.")])
    assert answer.content == "invoice"
    assert answer.response_metadata["model_name"] == "fast-small"
    assert answer.response_metadata["finish_reason"] == "stop"
    assert answer.usage_metadata["total_tokens"] > 0


def test_headers_can_be_read() -> None:
    answer = chat("task/classify", include_response_headers=True).invoke("An invoice.")
    assert answer.response_metadata["headers"]["x-weighbridge-record"].startswith("rec_")


def test_a_batch_is_answered() -> None:
    assert [answer.content for answer in chat("task/classify").batch(["An invoice."] * 4)] == ["invoice"] * 4


@pytest.mark.parametrize("model", ["task/reason", "task/classify"])
def test_a_stream_adds_up_with_usage(model: str) -> None:
    whole = None
    for chunk in chat(model, stream_usage=True).stream("An invoice."):
        whole = chunk if whole is None else whole + chunk
    assert whole.content == chat(model).invoke("An invoice.").content
    assert whole.usage_metadata["total_tokens"] > 0


def test_async_calls_answer_and_stream() -> None:
    """One event loop: LangChain keeps its connections for the whole program."""

    async def ask() -> tuple[str, str]:
        answer = await chat("task/classify").ainvoke("An invoice.")
        pieces = [chunk.content async for chunk in chat(simulate="answer=one two three").astream("x")]
        return answer.content, "".join(pieces)

    assert asyncio.run(ask()) == ("invoice", "one two three")


def test_logprobs_arrive() -> None:
    answer = chat().bind(logprobs=True).invoke("Why?")
    assert answer.response_metadata["logprobs"]["content"][0]["logprob"] < 0


def test_a_bound_tool_is_called_and_its_result_taken() -> None:
    bound = chat(simulate="tool_call").bind_tools([get_weather])
    first = bound.invoke("Rome?")
    (call,) = first.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Rome"})
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    assert bound.invoke([HumanMessage("Rome?"), AIMessage("", tool_calls=[call]), result]).content == "legal"


def test_tool_calls_stream_in_fragments() -> None:
    whole = None
    for chunk in chat(simulate="tool_call").bind_tools([get_weather]).stream("Oslo?"):
        whole = chunk if whole is None else whole + chunk
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [("get_weather", {"city": "Oslo"})]


@pytest.mark.parametrize(("method", "simulate"), [("json_schema", ""), ("function_calling", "tool_call")])
def test_structured_output_is_typed(method: str, simulate: str) -> None:
    answer = chat(simulate=simulate).with_structured_output(Mail, method=method).invoke("A renewal.")
    assert answer == Mail(kind="renewal", urgent=True)


def test_errors_are_the_sdk_s_classes() -> None:
    with pytest.raises(openai.NotFoundError):
        chat("gpt-99").invoke("x")
    with pytest.raises(openai.InternalServerError):
        chat(simulate="error=400").invoke("x")
    with pytest.raises(openai.AuthenticationError):
        ChatOpenAI(model="auto", base_url=f"{URL}/v1", api_key="wrong").invoke("x")
