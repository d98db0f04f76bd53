"""Citations beside a host's own body: what the host said stays, ours are where the dialect has them."""

import json
from dataclasses import replace
from typing import Any

from weighbridge.dialects.anthropic_messages import response as anthropic
from weighbridge.dialects.openai_chat import response as chat
from weighbridge.dialects.openai_responses import response as responses
from weighbridge.domain.citation import Citation
from weighbridge.domain.material import Source
from weighbridge.domain.response import Response

TEXT = "It lasts 16 weeks [h/a.md:x]."
MARK = Citation(Source("h/a.md:x", "16 weeks.", heading=("Leave",), document="h/a.md"), (18, 28))
FIELD = Citation(Source("tool:account", "open", fetched_at="2026-11-26T00:00:00Z"), None, "open")
NAMES: dict[str, Any] = {"model": "m", "created": 1, "response_id": "rec_1"}


def citing(response: Response, *citations: Citation) -> Response:
    return replace(response, choices=(replace(response.choices[0], citations=citations),))


def test_a_chat_body_of_a_host_gets_annotations() -> None:
    message = {"role": "assistant", "content": TEXT, "extra": 1}
    body = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    read = chat.parse_response(json.dumps(body).encode())
    shown = json.loads(chat.render_response(citing(read, MARK, FIELD), **NAMES))["choices"][0]["message"]
    assert shown["extra"] == 1
    assert [note["url_citation"]["url"] for note in shown["annotations"]] == ["/v1/sources/h/a.md:x"]
    assert "annotations" not in json.loads(chat.render_response(read, **NAMES))["choices"][0]["message"]


def test_a_responses_body_of_a_host_gets_annotations_at_its_text() -> None:
    part = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    body = {"object": "response", "id": "r", "status": "completed", "output": [thought, item]}
    read = responses.parse_response(json.dumps(body).encode())
    output = json.loads(responses.render_response(citing(read, MARK, FIELD), **NAMES))["output"]
    assert output[0] == thought
    assert [note["file_id"] for note in output[1]["content"][0]["annotations"]] == ["h/a.md:x"]


def test_a_message_of_a_host_gets_citations_at_its_text() -> None:
    thought = {"type": "thinking", "thinking": "...", "signature": "s"}
    body = {"type": "message", "role": "assistant", "content": [thought, {"type": "text", "text": TEXT}]}
    read = anthropic.parse_response(json.dumps({**body, "stop_reason": "end_turn"}).encode())
    content = json.loads(anthropic.render_response(citing(read, MARK, FIELD), **NAMES))["content"]
    assert content[0] == thought
    assert [(note["source"], note["cited_text"]) for note in content[1]["citations"]] == [
        ("/v1/sources/h/a.md:x", "16 weeks."),
        ("urn:weighbridge:source:tool:account", "open"),
    ]
