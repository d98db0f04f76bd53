"""Pictures, recordings and files: read from every caller's format, written in every host's or refused by name."""

import base64
import json
from typing import Any

import pytest

from dialects.test_bedrock import sent as sent_to_bedrock
from dialects.test_fitting import HOSTS, RENDER, asked
from make import a_model, a_request
from weighbridge.budget.tokens import FILE_BYTES_A_TOKEN, IMAGE_TOKENS, LARGEST_FILE_TOKENS, attachment_tokens
from weighbridge.dialects.attachments import LARGEST_FILE_BYTES, LARGEST_IMAGE_BYTES
from weighbridge.dialects.fitting import fit
from weighbridge.domain.errors import EmptyInputError, InvalidFieldError
from weighbridge.domain.fit import FITS, STRICT
from weighbridge.domain.levels import Capability
from weighbridge.domain.request import Attachment, Audio, File, Image, Message, Part, Role, Text

MODEL = a_model()
PNG, PDF, WAV = (base64.b64encode(text).decode() for text in (b"\x89PNG....", b"%PDF-1.7", b"RIFF...."))
PNG_URL, PDF_URL, WAV_URL = (
    f"data:image/png;base64,{PNG}",
    f"data:application/pdf;base64,{PDF}",
    f"data:audio/wav;base64,{WAV}",
)


def chat(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "look"}, *parts]}]}


def responses(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [{"type": "input_text", "text": "look"}, *parts]}]}


def given(kind: str, **source: Any) -> dict[str, Any]:
    return {"type": kind, "source": source}


@pytest.mark.parametrize(
    ("caller", "fields", "part"),
    [
        ("openai_chat", chat({"type": "image_url", "image_url": {"url": PNG_URL}}), Image(PNG_URL)),
        ("openai_chat", chat({"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}), Audio(WAV_URL)),
        ("openai_chat", chat({"type": "file", "file": {"filename": "a", "file_data": PDF_URL}}), File(PDF_URL, "a")),
        ("openai_chat", chat({"type": "file", "file": {"file_id": "f-1"}}), File(None, None, "f-1")),
        ("openai_responses", responses({"type": "input_image", "image_url": PNG_URL}), Image(PNG_URL)),
        (
            "openai_responses",
            responses({"type": "input_file", "filename": "a", "file_data": PDF_URL}),
            File(PDF_URL, "a"),
        ),
        ("openai_responses", responses({"type": "input_file", "file_url": "https://x/a"}), File("https://x/a")),
        ("openai_responses", responses({"type": "input_file", "file_id": "f-1"}), File(None, None, "f-1")),
        ("anthropic_messages", chat(given("image", type="base64", media_type="image/png", data=PNG)), Image(PNG_URL)),
        (
            "anthropic_messages",
            chat(given("document", type="base64", media_type="application/pdf", data=PDF) | {"title": "a"}),
            File(PDF_URL, "a"),
        ),
        ("anthropic_messages", chat(given("document", type="url", url="https://x/a")), File("https://x/a")),
        ("anthropic_messages", chat(given("document", type="file", file_id="f-1")), File(None, None, "f-1")),
    ],
)
def test_what_comes_along_is_understood_and_passes_as_it_came(caller: str, fields: dict[str, Any], part: Part) -> None:
    request = asked(caller, **fields)
    assert request.messages[-1].parts == (Text("look"), part)
    assert fit(request, MODEL, caller, STRICT) == FITS
    body = json.loads(RENDER[caller](request, MODEL, wants_logprobs=False))
    assert {key: body[key] for key in fields} == fields


@pytest.mark.parametrize(
    ("caller", "fields", "texts"),
    [
        (
            "openai_chat",
            chat({"type": "file", "file": {"filename": "n.txt", "file_data": "data:text/plain;base64,aMOk"}}),
            ["n.txt\n\nhä"],
        ),
        ("anthropic_messages", chat(given("document", type="text", media_type="text/plain", data="words")), ["words"]),
        ("anthropic_messages", chat(given("document", type="base64", media_type="text/plain", data="aMOk")), ["hä"]),
        (
            "anthropic_messages",
            chat(given("document", type="content", content=[{"type": "text", "text": "words"}]) | {"title": "t"}),
            ["t", "words"],
        ),
        (
            "anthropic_messages",
            chat({"type": "search_result", "title": "t", "source": "s", "content": [{"type": "text", "text": "w"}]}),
            ["t", "s", "w"],
        ),
    ],
)
def test_a_file_of_plain_text_is_read_like_any_other_text(
    caller: str, fields: dict[str, Any], texts: list[str]
) -> None:
    request = asked(caller, **fields)
    assert request.messages[-1].parts[1:] == tuple(map(Text, texts))
    assert texts[-1] in request.text
    for host in HOSTS:
        assert fit(request, MODEL, host, STRICT) == FITS


def of(part: Part) -> Any:
    return a_request(messages=(Message(Role.USER, (Text("look"), part)),), dialect="native")


NAMED = File(PDF_URL, "my_report: v1.pdf")


@pytest.mark.parametrize(
    ("part", "host", "wire"),
    [
        (Image(PNG_URL), "openai_chat", {"type": "image_url", "image_url": {"url": PNG_URL}}),
        (Image(PNG_URL), "openai_responses", {"type": "input_image", "image_url": PNG_URL}),
        (Image(PNG_URL), "anthropic_messages", given("image", type="base64", media_type="image/png", data=PNG)),
        (Image(PNG_URL), "gemini", {"inlineData": {"mimeType": "image/png", "data": PNG}}),
        (Image(PNG_URL), "bedrock", {"image": {"format": "png", "source": {"bytes": PNG}}}),
        (Audio(WAV_URL), "openai_chat", {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}),
        (Audio(WAV_URL), "openai_responses", None),
        (Audio(WAV_URL), "anthropic_messages", None),
        (Audio(WAV_URL), "gemini", {"inlineData": {"mimeType": "audio/wav", "data": WAV}}),
        (Audio(WAV_URL), "bedrock", {"audio": {"format": "wav", "source": {"bytes": WAV}}}),
        (Audio("data:audio/ogg;base64,AAAA"), "openai_chat", None),
        (Audio("data:audio/ogg;base64,AAAA"), "bedrock", None),
        (NAMED, "openai_chat", {"type": "file", "file": {"filename": NAMED.name, "file_data": PDF_URL}}),
        (NAMED, "openai_responses", {"type": "input_file", "filename": NAMED.name, "file_data": PDF_URL}),
        (
            NAMED,
            "anthropic_messages",
            given("document", type="base64", media_type="application/pdf", data=PDF) | {"title": NAMED.name},
        ),
        (NAMED, "gemini", {"inlineData": {"mimeType": "application/pdf", "data": PDF}}),
        (NAMED, "bedrock", {"document": {"format": "pdf", "name": "my report v1 pdf", "source": {"bytes": PDF}}}),
        (File("https://x/a.pdf"), "openai_chat", None),
        (File("https://x/a.pdf"), "openai_responses", {"type": "input_file", "file_url": "https://x/a.pdf"}),
        (File("https://x/a.pdf"), "anthropic_messages", given("document", type="url", url="https://x/a.pdf")),
        (File("https://x/a.pdf"), "gemini", {"fileData": {"fileUri": "https://x/a.pdf"}}),
        (File("https://x/a.pdf"), "bedrock", None),
        (File("data:application/zip;base64,AAAA"), "anthropic_messages", None),
        (File("data:application/zip;base64,AAAA"), "bedrock", None),
        *((File(None, None, "f-1"), host, None) for host in HOSTS),
    ],
)
def test_it_is_written_in_the_host_s_words_or_refused_by_name(part: Part, host: str, wire: object) -> None:
    request = of(part)
    if wire is None:
        refusal = fit(request, MODEL, host, STRICT).refusal
        assert refusal is not None
        assert refusal.param == "messages"
        return
    assert fit(request, MODEL, host, STRICT) == FITS
    body = json.loads(RENDER[host](request, MODEL, wants_logprobs=False))
    turn: Any = {"openai_responses": "input", "gemini": "contents"}.get(host, "messages")
    content = body[turn][-1]["parts" if host == "gemini" else "content"]
    assert content[-1] == wire
    if host == "bedrock":
        sent_to_bedrock(messages=request.messages)  # as Amazon's own description of the API has it


OVER_IMAGE = "A" * (LARGEST_IMAGE_BYTES * 4 // 3 + 8)
OVER_FILE = "A" * (LARGEST_FILE_BYTES * 4 // 3 + 8)


@pytest.mark.parametrize(
    ("caller", "fields", "param", "said"),
    [
        (
            "openai_chat",
            chat({"type": "image_url", "image_url": {"url": "data:image/png;base64," + OVER_IMAGE}}),
            "messages[0].content[1].image_url.url",
            "has 5.0 MB; at most 5 MB",
        ),
        (
            "openai_responses",
            responses({"type": "input_image", "image_url": "data:image/png;base64," + OVER_IMAGE}),
            "input[0].content[1].image_url",
            "at most 5 MB",
        ),
        (
            "anthropic_messages",
            chat(given("image", type="base64", media_type="image/png", data=OVER_IMAGE)),
            "messages[0].content[1].source.data",
            "at most 5 MB",
        ),
        (
            "anthropic_messages",
            chat(given("document", type="base64", media_type="application/pdf", data=OVER_FILE)),
            "messages[0].content[1].source.data",
            "at most 20 MB",
        ),
        (
            "openai_chat",
            chat({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAA"}}),
            "messages[0].content[1].image_url.url",
            "not valid base64",
        ),
        (
            "openai_chat",
            chat({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAé="}}),
            "messages[0].content[1].image_url.url",
            "not valid base64",
        ),
        (
            "openai_chat",
            chat({"type": "image_url", "image_url": {"url": "data:image/png,abc"}}),
            "messages[0].content[1].image_url.url",
            "no data URL",
        ),
        (
            "openai_chat",
            chat({"type": "image_url", "image_url": {"url": "http://10.0.0.1/x.png"}}),
            "messages[0].content[1].image_url.url",
            "must be an https or data URL",
        ),
        (
            "openai_chat",
            chat({"type": "input_audio", "input_audio": {"data": WAV, "format": "ogg"}}),
            "messages[0].content[1].input_audio.format",
            "one of wav, mp3",
        ),
        (
            "openai_chat",
            chat({"type": "file", "file": {"file_data": PDF}}),
            "messages[0].content[1].file.file_data",
            "no data URL",
        ),
        (
            "openai_chat",
            chat({"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}}),
            "messages[0].content[1].file.file_data",
            "not UTF-8",
        ),
        ("openai_chat", chat({"type": "file", "file": {}}), "messages[0].content[1].file.file_id", "missing"),
        (
            "openai_responses",
            responses({"type": "input_file", "file_url": "file:///etc/passwd"}),
            "input[0].content[1].file_url",
            "must be an https URL",
        ),
        (
            "anthropic_messages",
            chat(given("document", type="url", url="http://x/a")),
            "messages[0].content[1].source.url",
            "must be an https URL",
        ),
        (
            "anthropic_messages",
            chat(given("document", type="text", data=5)),
            "messages[0].content[1].source.data",
            "must be text",
        ),
        (
            "anthropic_messages",
            chat({"type": "search_result", "title": "t", "source": "s", "content": "w"}),
            "messages[0].content[1].content",
            "a list of text blocks",
        ),
    ],
)
def test_a_mistake_is_told_with_what_and_where(caller: str, fields: dict[str, Any], param: str, said: str) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        asked(caller, **fields)
    assert raised.value.param == param
    assert said in raised.value.condition
    assert len(str(raised.value)) < 400


def test_a_document_of_nothing_but_space_is_nothing() -> None:
    with pytest.raises(EmptyInputError):
        asked("anthropic_messages", **chat(given("document", type="content", content=[{"type": "text", "text": " "}])))


@pytest.mark.parametrize(
    ("part", "capability", "tokens"),
    [
        (Image(PNG_URL), Capability.VISION, IMAGE_TOKENS),
        (Audio("data:audio/mpeg;base64," + "A" * 16_000), Capability.AUDIO, 25),
        (
            File("data:application/pdf;base64," + "A" * 160_000),
            Capability.FILES,
            IMAGE_TOKENS + 120_000 // FILE_BYTES_A_TOKEN,
        ),
        (File("https://x/a.pdf"), Capability.FILES, IMAGE_TOKENS + 25_000),
        (File("data:application/pdf;base64," + "A" * 20_000_000), Capability.FILES, LARGEST_FILE_TOKENS),
    ],
)
def test_it_needs_a_model_that_can_and_is_counted_about(part: Attachment, capability: Capability, tokens: int) -> None:
    request = of(part)
    assert capability in request.needs
    assert attachment_tokens(request.messages) == pytest.approx(tokens, abs=2)
    assert part.url is None or part.url not in request.text
