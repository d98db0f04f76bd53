"""The official Google SDK for Python, as the measure of what hosts that speak Gemini are sent and send.

The gateway speaks Gemini towards hosts only, so the SDK talks to a server of this file. What it sends is
golden/gemini/call.json, which the gateway's own call is held against (tests/dialects/test_gemini.py); what it reads in
golden/gemini/answer.json is what the gateway reads. `GOLDEN=write` writes the call anew.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from google import genai
from google.genai import types

GOLDEN = Path(__file__).parents[1] / "dialects" / "golden" / "gemini"
SCHEMA = {
    "type": "object",
    "properties": {"q": {"type": "integer"}},
    "required": ["q"],
    "additionalProperties": False,
}
VERBATIM = {"parametersJsonSchema", "responseJsonSchema", "args", "response"}
"""What stands below these names is the caller's own."""


@contextmanager
def a_server(answer: bytes, media_type: str) -> Iterator[tuple[genai.Client, list[tuple[str, Any]]]]:
    seen: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            self.send_response(200)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}")
        yield genai.Client(api_key="k", http_options=options), seen
        server.shutdown()


def camel(value: Any) -> Any:
    """Names as the API's reference has them: the SDK writes some of them in its own spelling, which is taken too."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = {"".join([(parts := key.split("_"))[0], *map(str.title, parts[1:])]): item for key, item in value.items()}
    return {key: item if key in VERBATIM else camel(item) for key, item in named.items()}


def settings() -> types.GenerateContentConfig:
    look = types.FunctionDeclaration(name="look", description="Looks.", parameters_json_schema=SCHEMA)
    calling = types.FunctionCallingConfig(mode="ANY", allowed_function_names=["look"])
    return types.GenerateContentConfig(
        system_instruction=types.Content(parts=[types.Part(text="Be brief.")]),
        temperature=0.2,
        top_p=0.9,
        seed=7,
        stop_sequences=["END"],
        max_output_tokens=900,
        tools=[types.Tool(function_declarations=[look])],
        tool_config=types.ToolConfig(function_calling_config=calling),
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=8192),
        response_mime_type="application/json",
        response_json_schema=SCHEMA,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def conversation() -> list[types.Content]:
    called = types.FunctionCall(id="c1", name="look", args={"q": 1})
    found = types.FunctionResponse(id="c1", name="look", response={"found": True})
    return [
        types.Content(
            role="user",
            parts=[
                types.Part(text="look"),
                types.Part.from_bytes(data=b"\x89PNG....", mime_type="image/png"),
                types.Part.from_bytes(data=b"%PDF-1.7", mime_type="application/pdf"),
            ],
        ),
        types.Content(role="model", parts=[types.Part(function_call=called, thought_signature=b"sig")]),
        types.Content(role="user", parts=[types.Part(function_response=found)]),
    ]


def test_what_the_sdk_sends_is_what_the_gateway_is_held_against() -> None:
    with a_server((GOLDEN / "answer.json").read_bytes(), "application/json") as (client, seen):
        client.models.generate_content(model="gemini-small", contents=conversation(), config=settings())
    ((path, body),) = seen
    assert path.endswith("/models/gemini-small:generateContent")
    if os.environ.get("GOLDEN") == "write":
        (GOLDEN / "call.json").write_text(json.dumps(camel(body), indent=2) + "\n")
    assert camel(body) == json.loads((GOLDEN / "call.json").read_text())


def test_what_the_sdk_reads_is_what_the_gateway_reads() -> None:
    with a_server((GOLDEN / "answer.json").read_bytes(), "application/json") as (client, _):
        answer = client.models.generate_content(model="gemini-small", contents="x")
    facts(answer, json.loads((GOLDEN / "facts.json").read_text()))


def test_a_stream_is_read_the_same_way() -> None:
    events = b"data: " + json.dumps(json.loads((GOLDEN / "answer.json").read_text())).encode() + b"\n\n"
    with a_server(events, "text/event-stream") as (client, seen):
        (answer,) = client.models.generate_content_stream(model="gemini-small", contents="x")
    assert seen[0][0].endswith("/models/gemini-small:streamGenerateContent?alt=sse")
    facts(answer, json.loads((GOLDEN / "facts.json").read_text()))


def facts(answer: types.GenerateContentResponse, wanted: dict[str, Any]) -> None:
    parts = answer.candidates[0].content.parts
    usage = answer.usage_metadata
    assert {
        "text": "".join(part.text for part in parts if part.text and not part.thought),
        "thought": "".join(part.text for part in parts if part.text and part.thought),
        "calls": [[call.name, call.args] for call in answer.function_calls],
        "prompt_tokens": usage.prompt_token_count,
        "cached_tokens": usage.cached_content_token_count,
        "output_tokens": usage.candidates_token_count + usage.thoughts_token_count,
        "model": answer.model_version,
    } == wanted
