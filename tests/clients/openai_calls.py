"""The official OpenAI SDK for Python."""

import asyncio
import os
from collections.abc import Iterator
from typing import Literal

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

URL, KEY = os.environ["WEIGHBRIDGE_URL"], os.environ["WEIGHBRIDGE_KEY"]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


class Mail(BaseModel):
    """What is wanted of a mail."""

    kind: Literal["invoice", "renewal"]
    urgent: bool
    amounts: list[float]


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def client() -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=20) as made:
        yield made


class Sent:
    """Counts what the client puts on the wire."""

    def __init__(self) -> None:
        self.retry_counts: list[str] = []
        self.client = OpenAI(
            base_url=f"{URL}/v1",
            api_key=KEY,
            max_retries=2,
            http_client=httpx2.Client(event_hooks={"request": [self._note]}),
        )

    def _note(self, request: httpx2.Request) -> None:
        self.retry_counts.append(request.headers["x-stainless-retry-count"])


def test_a_plain_call_answers_with_text_and_usage(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="task/classify", messages=user("Attached invoice for March."))
    assert answer.object == "chat.completion"
    assert answer.model == "fast-small"
    assert (answer.choices[0].message.role, answer.choices[0].message.content) == ("assistant", "invoice")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


def test_an_async_call_answers_the_same() -> None:
    async def ask() -> str | None:
        async with AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY) as client:
            answers = await asyncio.gather(
                *[client.chat.completions.create(model="task/classify", messages=user("An invoice.")) for _ in range(8)]
            )
            return {answer.choices[0].message.content for answer in answers}

    assert asyncio.run(ask()) == {"invoice"}


def test_every_parameter_of_a_chat_call_is_taken(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="task/reason",
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": "Why?", "name": "ann"},
            {"role": "assistant", "content": "Because."},
            {"role": "user", "content": [{"type": "text", "text": "And why that?"}]},
        ],
        frequency_penalty=0.1,
        logit_bias={"50256": -100},
        logprobs=True,
        top_logprobs=2,
        max_completion_tokens=50,
        metadata={"team": "billing"},
        n=2,
        parallel_tool_calls=True,
        presence_penalty=0.1,
        prompt_cache_key="k",
        reasoning_effort="low",
        safety_identifier="s",
        seed=7,
        service_tier="auto",
        stop=["\n\n"],
        store=False,
        temperature=0.2,
        tools=[TIME],
        tool_choice="none",
        top_p=0.9,
        user="u",
        verbosity="low",
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert all(token.logprob <= 0 for token in answer.choices[0].logprobs.content)


def test_a_picture_is_taken(client: OpenAI) -> None:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    answer = client.chat.completions.create(model="task/reason", messages=[{"role": "user", "content": parts}])
    assert answer.choices[0].message.content


def test_raw_headers_tell_the_record_and_the_route(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="task/classify", messages=user("An invoice."))
    answer = raw.parse()
    assert raw.headers["x-request-id"] == raw.headers["x-weighbridge-record"] == answer._request_id == answer.id
    assert raw.headers["x-weighbridge-model"] == "fast-small"
    assert raw.headers["x-weighbridge-verdict"] == "valid"


@pytest.mark.parametrize("model", ["task/classify", "task/reason"])
def test_a_stream_adds_up_to_the_answer(client: OpenAI, model: str) -> None:
    whole = client.chat.completions.create(model=model, messages=user("An invoice."))
    chunks = list(client.chat.completions.create(model=model, messages=user("An invoice."), stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.usage is None for chunk in chunks)


@pytest.mark.parametrize("model", ["task/classify", "task/reason"])
def test_usage_comes_last_in_a_stream_that_asked(client: OpenAI, model: str) -> None:
    chunks = list(
        client.chat.completions.create(
            model=model, messages=user("An invoice."), stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_an_async_stream_flows() -> None:
    async def listen() -> str:
        async with AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY) as client:
            stream = await client.chat.completions.create(
                model="task/reason", messages=user("x"), stream=True, metadata={"simulate": "answer=one two three"}
            )
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(listen()) == "one two three"


@pytest.mark.parametrize("model", ["task/classify", "task/reason"])
def test_a_stream_carries_logprobs_and_choices(client: OpenAI, model: str) -> None:
    chunks = list(
        client.chat.completions.create(model=model, messages=user("An invoice."), stream=True, logprobs=True, n=2)
    )
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert {choice.index for choice in choices} == {0, 1}
    assert any(choice.logprobs and choice.logprobs.content for choice in choices)


def test_the_stream_events_of_the_sdk_end_in_the_whole_answer(client: OpenAI) -> None:
    with client.chat.completions.stream(model="task/reason", messages=user("Why?")) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= set(kinds)
    assert final.choices[0].message.content == "legal"


def test_a_tool_is_called_and_its_result_taken(client: OpenAI) -> None:
    told = {"model": "task/reason", "tools": [WEATHER, TIME], "metadata": {"simulate": "tool_call"}}
    first = client.chat.completions.create(messages=user("Rome?"), tool_choice="required", **told)
    assert first.choices[0].finish_reason == "tool_calls"
    (call,) = first.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Rome"}')
    turns = [*user("Rome?"), first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sun"}]
    assert client.chat.completions.create(messages=turns, **told).choices[0].message.content == "legal"


def test_parallel_tool_calls_stream_in_fragments(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="task/reason", messages=user("Rome?"), tools=[WEATHER, TIME], metadata={"simulate": "tool_call=*"}
    ) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_completion().choices[0].message
    assert "tool_calls.function.arguments.done" in kinds
    assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"]
    assert len({call.id for call in message.tool_calls}) == 2


def test_a_tool_made_from_a_class_comes_back_parsed(client: OpenAI) -> None:
    answer = client.chat.completions.parse(
        model="task/reason",
        messages=user("An invoice."),
        tools=[openai.pydantic_function_tool(Mail)],
        metadata={"simulate": "tool_call"},
    )
    (call,) = answer.choices[0].message.tool_calls
    assert call.function.parsed_arguments == Mail(kind="invoice", urgent=True, amounts=[1.0])


def test_parse_gives_a_typed_answer(client: OpenAI) -> None:
    answer = client.chat.completions.parse(
        model="task/reason", messages=user("A renewal of 12 seats."), response_format=Mail
    )
    assert answer.choices[0].message.parsed.kind == "renewal"


def test_parse_works_on_a_stream(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="task/reason", messages=user("A renewal."), response_format=Mail
    ) as stream:
        assert stream.get_final_completion().choices[0].message.parsed.kind == "renewal"


def test_json_mode_gives_json(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="task/reason", messages=user("Say JSON."), response_format={"type": "json_object"}
    )
    assert answer.choices[0].message.content.startswith("{")


def test_a_cut_answer_never_reaches_parse(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.parse(
            model="task/reason", messages=user("x"), response_format=Mail, metadata={"simulate": "truncated"}
        )
    assert caught.value.code == "attempts_failed"


def test_models_can_be_listed_and_retrieved(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert {"auto", "task/classify", "fast-small"} <= set(names)
    assert client.models.retrieve("fast-small").id == "fast-small"
    assert client.models.retrieve("task/classify").object == "model"


def failing(client: OpenAI, **changes: object) -> object:
    return client.chat.completions.create(**{"model": "task/classify", "messages": user("x"), **changes})


ERRORS = {
    "an unknown model": ({"model": "gpt-99"}, openai.NotFoundError, "unknown_model", "model"),
    "an unknown task": ({"model": "task/nothing"}, openai.NotFoundError, "unknown_task", None),
    "a bad temperature": ({"temperature": 9}, openai.BadRequestError, "invalid_field", "temperature"),
    "a bad role": ({"messages": [{"role": "boss", "content": "x"}]}, openai.BadRequestError, "invalid_field", None),
    "no messages": ({"messages": []}, openai.BadRequestError, "empty_input", "messages"),
    "a bad risk": ({"extra_headers": {"x-weighbridge-risk": "none"}}, openai.BadRequestError, "invalid_field", None),
    "no candidate": (
        {"model": "mute", "tools": [WEATHER]},
        openai.UnprocessableEntityError,
        "no_candidate",
        None,
    ),
    "failed attempts": ({"metadata": {"simulate": "error=400"}}, openai.InternalServerError, "attempts_failed", None),
}


@pytest.mark.parametrize("case", ERRORS)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_is_the_sdk_s_own_class(client: OpenAI, case: str, stream: bool) -> None:
    changes, kind, code, param = ERRORS[case]
    with pytest.raises(kind) as caught:
        failing(client, stream=stream, **changes)
    assert (caught.value.code, bool(caught.value.type), bool(caught.value.message)) == (code, True, True)
    assert param is None or caught.value.param == param


def test_errors_after_routing_name_their_record(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        failing(client, metadata={"simulate": "error=400"})
    assert caught.value.request_id.startswith("rec_")


@pytest.mark.parametrize("ask", ["chat", "models", "model"])
def test_a_wrong_key_is_an_authentication_error(ask: str) -> None:
    client = OpenAI(base_url=f"{URL}/v1", api_key="wrong")
    calls = {
        "chat": lambda: failing(client),
        "models": client.models.list,
        "model": lambda: client.models.retrieve("auto"),
    }
    with pytest.raises(openai.AuthenticationError) as caught:
        calls[ask]()
    assert (caught.value.code, caught.value.type) == ("invalid_key", "authentication_error")


def test_an_unknown_model_cannot_be_retrieved(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-99")
    assert (caught.value.code, caught.value.type) == ("unknown_model", "invalid_request_error")


def test_an_endpoint_that_does_not_exist_is_a_not_found_error(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.moderations.create(input="x")
    assert (caught.value.code, caught.value.type) == ("unknown_path", "invalid_request_error")


def test_a_stream_that_breaks_raises(client: OpenAI) -> None:
    stream = failing(
        client, model="task/reason", stream=True, metadata={"simulate": "answer=one two three;disconnect_after=2"}
    )
    seen = []
    with pytest.raises(openai.APIError) as caught:
        seen.extend(chunk.choices[0].delta.content for chunk in stream)
    assert caught.value.code == "attempts_failed"


def test_the_client_s_own_timeout_ends_the_call(client: OpenAI) -> None:
    with pytest.raises(openai.APITimeoutError):
        failing(client, metadata={"simulate": "latency=5"}, timeout=0.3)


def test_a_stream_can_be_left_early(client: OpenAI) -> None:
    stream = failing(client, model="task/reason", stream=True, metadata={"simulate": "answer=a b c d e;tokens_per_s=5"})
    assert next(iter(stream)).choices[0].delta.content == "a"
    stream.close()
    assert failing(client, messages=user("An invoice.")).choices[0].message.content == "invoice"


def test_a_ladder_that_failed_is_not_repeated_by_the_client() -> None:
    sent = Sent()
    with pytest.raises(openai.InternalServerError):
        failing(sent.client, metadata={"simulate": "error=400"})
    assert sent.retry_counts == ["0"]


def test_a_refused_request_is_not_repeated_by_the_client() -> None:
    sent = Sent()
    with pytest.raises(openai.NotFoundError):
        failing(sent.client, model="gpt-99")
    assert sent.retry_counts == ["0"]


def test_a_model_that_rests_for_a_moment_is_waited_for_by_the_gateway(client: OpenAI) -> None:
    for _ in range(3):
        with pytest.raises(openai.InternalServerError):
            failing(client, model="mute", metadata={"simulate": "error=503"})
    sent = Sent()
    failing(sent.client, model="mute")
    assert sent.retry_counts == ["0"]


@pytest.mark.parametrize("is_stream", [False, True])
def test_an_answer_that_a_person_has_to_decide_on_is_told_once(is_stream: bool) -> None:
    sent = Sent()
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        failing(sent.client, model="task/reviewed", stream=is_stream)
    assert (caught.value.code, sent.retry_counts) == ("needs_review", ["0"])
    assert caught.value.response.headers["x-weighbridge-review"] in str(caught.value)


RESPONSES_WEATHER = {"type": "function", **WEATHER["function"]}
WITH_TOOLS = {"model": "task/reason", "tools": [RESPONSES_WEATHER], "metadata": {"simulate": "tool_call"}}


def test_a_response_answers_with_text_and_usage(client: OpenAI) -> None:
    answer = client.responses.create(model="task/classify", input="Attached invoice for March.")
    assert (answer.status, answer.output_text, answer.model) == ("completed", "invoice", "fast-small")
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0


@pytest.mark.parametrize("model", ["task/reason", "task/classify"])
def test_a_response_streams_in_typed_events(client: OpenAI, model: str) -> None:
    with client.responses.stream(model=model, input="Plan it, with an invoice.") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.output_text
    assert final.usage.output_tokens >= 1


THINKING = {"model": "task/reason", "metadata": {"simulate": "thought=Hm, yes.;answer=It is so."}}


def test_a_response_shows_what_was_thought_whole_and_streamed(client: OpenAI) -> None:
    whole = client.responses.create(input="Why?", **THINKING)
    with client.responses.stream(input="Why?", **THINKING) as stream:
        said = [event.delta for event in stream if event.type == "response.reasoning_summary_text.delta"]
        streamed = stream.get_final_response()
    assert "".join(said) == "Hm, yes."
    for response in (whole, streamed):
        reasoning, message = response.output
        assert (reasoning.type, reasoning.summary[0].text) == ("reasoning", "Hm, yes.")
        assert (message.type, response.output_text) == ("message", "It is so.")
        assert response.usage.output_tokens_details.reasoning_tokens > 0


def test_a_completion_shows_what_was_thought_as_hosts_of_the_format_do(client: OpenAI) -> None:
    whole = client.chat.completions.create(messages=user("Why?"), **THINKING)
    assert whole.choices[0].message.reasoning_content == "Hm, yes."
    chunks = list(client.chat.completions.create(messages=user("Why?"), stream=True, **THINKING))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "Hm, yes."
    assert "".join(delta.content or "" for delta in deltas) == "It is so."


def test_a_response_asks_for_tools_and_goes_on_with_their_results(client: OpenAI) -> None:
    asked = [{"role": "user", "content": "What is the weather in Oslo?"}]
    first = client.responses.create(input=asked, **WITH_TOOLS)
    calls = [item for item in first.output if item.type == "function_call"]
    assert calls[0].name == "get_weather"
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"} for call in calls]
    told = [*asked, *[item.model_dump(exclude_none=True) for item in first.output], *results]
    again = {**WITH_TOOLS, "metadata": {}}
    assert client.responses.create(input=told, **again).output_text


def test_a_response_is_parsed_into_a_model(client: OpenAI) -> None:
    answer = client.responses.parse(model="task/reason", input="Attached invoice for March.", text_format=Mail)
    assert isinstance(answer.output_parsed, Mail)


def test_a_response_that_counts_on_memory_is_refused_by_name(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="task/classify", input="x", previous_response_id="resp_1")
    assert caught.value.param == "previous_response_id"


def test_a_response_that_fails_is_raised(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError):
        client.responses.create(model="mute", input="x", metadata={"simulate": "error=500"})


def test_an_async_response_streams(client: OpenAI) -> None:
    async def ask() -> str:
        async with AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY) as made:
            stream = await made.responses.create(model="task/reason", input="Plan it.", stream=True)
            return "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])

    assert asyncio.run(ask())


def test_texts_become_vectors_in_the_order_of_the_texts(client: OpenAI) -> None:
    answer = client.embeddings.create(model="vectors", input=["an invoice", "an invoice", "a poem"], dimensions=16)
    one, same, other = (item.embedding for item in answer.data)
    assert (len(one), one == same, one == other) == (16, True, False)
    assert answer.usage.total_tokens > 0


def test_vectors_come_as_numbers_where_they_are_asked_for(client: OpenAI) -> None:
    answer = client.embeddings.create(model="vectors", input="an invoice", encoding_format="float")
    assert all(isinstance(number, float) for number in answer.data[0].embedding)


PASSAGE = "handbook/leave.md:parental-leave"


def test_an_answer_from_documents_has_annotations(client: OpenAI) -> None:
    asked = user("How long is parental leave?")
    message = client.chat.completions.create(model="task/answer", messages=asked).choices[0].message
    (note,) = message.annotations
    place = note.url_citation
    assert message.content[place.start_index : place.end_index] == f"[{PASSAGE}]"
    assert place.title == "Parental leave"


def test_a_response_from_documents_has_annotations_whole_and_streamed(client: OpenAI) -> None:
    response = client.responses.create(model="task/answer", input="How long is parental leave?")
    (note,) = response.output[0].content[0].annotations
    assert (note.type, note.file_id) == ("file_citation", PASSAGE)
    with client.responses.stream(model="task/answer", input="How long is parental leave?") as stream:
        added = [event for event in stream if event.type == "response.output_text.annotation.added"]
        final = stream.get_final_response()
    assert len(added) == 1
    assert final.output[0].content[0].annotations[0].file_id == PASSAGE
