"""Instructor over the OpenAI SDK, whose version it holds back."""

import asyncio
import os
from typing import Literal

import instructor
import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

URL, KEY = os.environ["WEIGHBRIDGE_URL"], os.environ["WEIGHBRIDGE_KEY"]
MODES = {
    instructor.Mode.TOOLS: "tool_call",
    instructor.Mode.JSON_SCHEMA: "",
    instructor.Mode.JSON: 'answer={"kind": "renewal", "urgent": true}',
    instructor.Mode.MD_JSON: 'answer=```json\n{"kind": "renewal", "urgent": true}\n```',
}


class Mail(BaseModel):
    """What is wanted of a mail."""

    kind: Literal["invoice", "renewal"]
    urgent: bool


RENEWAL = {"kind": "renewal", "urgent": True}


def asked(simulate: str) -> dict[str, object]:
    told = {"metadata": {"simulate": simulate}} if simulate else {}
    return {"model": "task/reason", "messages": [{"role": "user", "content": "A renewal."}], "max_retries": 0, **told}


def client(mode: instructor.Mode) -> instructor.Instructor:
    return instructor.from_openai(OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0), mode=mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_typed_answer_comes_in_every_mode(mode: instructor.Mode) -> None:
    assert client(mode).create(response_model=Mail, **asked(MODES[mode])).model_dump() == RENEWAL


def test_an_async_client_answers_the_same() -> None:
    async def ask() -> Mail:
        made = instructor.from_openai(AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY))
        return await made.create(response_model=Mail, **asked("tool_call"))

    assert asyncio.run(ask()).model_dump() == RENEWAL


def test_the_raw_completion_comes_with_the_answer() -> None:
    mail, completion = client(instructor.Mode.TOOLS).create_with_completion(response_model=Mail, **asked("tool_call"))
    assert (mail.model_dump(), completion.model) == (RENEWAL, "frontier-reasoning")


def test_a_partial_answer_grows_while_it_streams() -> None:
    growing = list(client(instructor.Mode.TOOLS).create_partial(response_model=Mail, **asked("tool_call")))
    assert growing[-1].model_dump() == RENEWAL


def test_a_list_streams_item_by_item() -> None:
    simulate = (
        'tool_call=IterableMail {"tasks": [{"kind": "renewal", "urgent": true}, {"kind": "invoice", "urgent": false}]}'
    )
    items = list(client(instructor.Mode.TOOLS).create_iterable(response_model=Mail, **asked(simulate)))
    assert [item.model_dump() for item in items] == [RENEWAL, {"kind": "invoice", "urgent": False}]


def test_arguments_that_do_not_fit_are_instructor_s_error() -> None:
    with pytest.raises(instructor.core.InstructorRetryException):
        client(instructor.Mode.TOOLS).create(response_model=Mail, **asked('tool_call=Mail {"kind": "else"}'))
