"""The official Anthropic SDK for Python."""

import asyncio
import os
from collections.abc import Iterator

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

URL, KEY = os.environ["WEIGHBRIDGE_URL"], os.environ["WEIGHBRIDGE_KEY"]
WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}},
        "required": ["city"],
    },
}


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def client() -> Iterator[Anthropic]:
    with Anthropic(base_url=URL, api_key=KEY, max_retries=0, timeout=20) as made:
        yield made


def test_a_message_comes_back_with_usage(client: Anthropic) -> None:
    message = client.messages.create(model="task/classify", max_tokens=50, messages=user("Attached invoice."))
    assert (message.content[0].type, message.content[0].text) == ("text", "invoice")
    assert (message.role, message.stop_reason, message.model) == ("assistant", "end_turn", "fast-small")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0


def test_the_request_id_is_the_record(client: Anthropic) -> None:
    message = client.messages.create(model="task/classify", max_tokens=50, messages=user("Attached invoice."))
    assert message._request_id.startswith("rec_")


def test_raw_headers_say_what_served(client: Anthropic) -> None:
    raw = client.messages.with_raw_response.create(
        model="task/classify", max_tokens=50, messages=user("An ambiguous mail.")
    )
    assert raw.headers["x-weighbridge-model"] == "frontier-reasoning"
    assert raw.parse().content[0].text == "legal"


def test_system_and_blocks_and_turns_are_taken(client: Anthropic) -> None:
    message = client.messages.create(
        model="task/reason",
        max_tokens=50,
        system=[{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "Plan it."}]},
            {"role": "assistant", "content": "How?"},
            {"role": "user", "content": "Well."},
        ],
        stop_sequences=["END"],
        extra_body={"temperature": 0.2, "top_k": 5},
    )
    assert message.content[0].text


@pytest.mark.parametrize("model", ["task/reason", "task/classify"])
def test_a_stream_s_events_build_the_message(client: Anthropic, model: str) -> None:
    with client.messages.stream(model=model, max_tokens=50, messages=user("Plan it, with an invoice.")) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert message.content[0].text == text != ""
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0


THINKING = {"model": "task/reason", "max_tokens": 2000, "metadata": {"simulate": "thought=Hm, yes.;answer=It is so."}}


def test_thinking_comes_before_the_answer_whole_and_streamed(client: Anthropic) -> None:
    whole = client.messages.create(messages=user("Why?"), **THINKING)
    with client.messages.stream(messages=user("Why?"), **THINKING) as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        assert [(block.type, getattr(block, "thinking", None)) for block in message.content] == [
            ("thinking", "Hm, yes."),
            ("text", None),
        ]
        assert message.content[1].text == "It is so."
    assert kinds.index("thinking") < kinds.index("text")
    again = [*user("Why?"), {"role": "assistant", "content": whole.content}, *user("And?")]
    assert client.messages.create(messages=again, **THINKING).content[1].text == "It is so."


def test_raw_stream_events_come_in_order(client: Anthropic) -> None:
    events = client.messages.create(model="task/reason", max_tokens=50, messages=user("Plan it."), stream=True)
    kinds = [event.type for event in events]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]


def test_an_async_stream_works_too() -> None:
    async def run() -> str:
        made = AsyncAnthropic(base_url=URL, api_key=KEY, max_retries=0)
        asked = made.messages.stream(model="task/reason", max_tokens=50, messages=user("Plan it."))
        async with made, asked as stream:
            return await stream.get_final_text()

    assert asyncio.run(run())


def test_a_tool_is_called_and_its_result_taken(client: Anthropic) -> None:
    asked = {"model": "tool-caller", "max_tokens": 200, "tools": [WEATHER]}
    headers = {"x-weighbridge-risk": "low"}
    first = client.messages.create(messages=user("Rome?"), extra_headers=headers, **asked)
    assert first.stop_reason == "tool_use"
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert call.name == "get_weather"
    assert call.input["city"] in {"Oslo", "Rome"}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sun"}
    turns = [*user("Rome?"), {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = client.messages.create(messages=turns, extra_headers=headers, **asked)
    assert second.content[0].text


def test_a_tool_call_streams_its_input(client: Anthropic) -> None:
    with client.messages.stream(
        model="tool-caller",
        max_tokens=200,
        tools=[WEATHER],
        messages=user("Rome?"),
        extra_headers={"x-weighbridge-risk": "low"},
    ) as stream:
        message = stream.get_final_message()
    (call,) = [block for block in message.content if block.type == "tool_use"]
    assert call.input["city"] in {"Oslo", "Rome"}
    assert message.stop_reason == "tool_use"


def test_tokens_are_counted(client: Anthropic) -> None:
    count = client.messages.count_tokens(model="task/classify", messages=user("one two three"))
    assert count.input_tokens == 4


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"model": "task/nope"}, anthropic.NotFoundError),
        ({"messages": user(" ")}, anthropic.BadRequestError),
        ({"max_tokens": 0}, anthropic.BadRequestError),
    ],
)
def test_errors_are_the_sdk_s_own(client: Anthropic, changes: dict[str, object], kind: type[Exception]) -> None:
    asked = {"model": "task/classify", "max_tokens": 5, "messages": user("x")}
    with pytest.raises(kind) as raised:
        client.messages.create(**asked | changes)
    assert raised.value.body["type"] == "error"


def test_a_wrong_key_is_an_authentication_error() -> None:
    stranger = Anthropic(base_url=URL, api_key="wrong", max_retries=0)
    with stranger as made, pytest.raises(anthropic.AuthenticationError):
        made.messages.create(model="auto", max_tokens=5, messages=user("x"))


@pytest.mark.parametrize("is_stream", [False, True])
def test_an_answer_that_a_person_has_to_decide_on_is_told(is_stream: bool) -> None:
    patient = Anthropic(base_url=URL, api_key=KEY, max_retries=2, timeout=20)
    with patient as client, pytest.raises(anthropic.UnprocessableEntityError) as caught:
        client.messages.create(model="task/reviewed", max_tokens=9, messages=user("x"), stream=is_stream)
    assert caught.value.body["error"]["code"] == "needs_review"
    assert caught.value.response.headers["x-weighbridge-review"] in str(caught.value)
    assert caught.value.request.headers["x-stainless-retry-count"] == "0"


def test_an_answer_from_documents_has_citations_whole_and_streamed(client: Anthropic) -> None:
    call = {"model": "task/answer", "max_tokens": 50, "messages": user("How long is parental leave?")}
    (cited,) = client.messages.create(**call).content[0].citations
    assert (cited.type, cited.title) == ("search_result_location", "Parental leave")
    with client.messages.stream(**call) as stream:
        (streamed,) = [event.citation for event in stream if event.type == "citation"]
        final = stream.get_final_message()
    assert (streamed, final.content[0].citations) == (cited, [cited])
