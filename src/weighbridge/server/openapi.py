"""The API's own description, OpenAPI 3.1."""

from collections.abc import Mapping
from typing import cast

from weighbridge import __version__
from weighbridge.domain.key import MAY
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.material import Authority
from weighbridge.domain.review import ReviewVerb

Schema = dict[str, object]

TEXT: Schema = {"type": "string"}
ERRORS = {
    "400": "The request cannot be read, or a field is wrong.",
    "401": "No key, or an unknown one.",
    "403": "The key does not allow this.",
    "404": "No such task, model, record or path.",
    "413": "The body is too large.",
    "415": "The body is not declared as JSON.",
    "422": "No model may serve the request; the error lists every candidate with its reason.",
    "429": "A budget is used up.",
    "502": "Every attempt failed; the error names each.",
    "503": "A bounded queue is full; try again.",
    "504": "No valid answer came in time.",
}


def describe_api() -> Schema:
    """The document behind `/openapi.json`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Weighbridge",
            "version": __version__,
            "description": "An LLM gateway that can prove why each model call was made.",
        },
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
            "schemas": {
                "Run": _run(),
                "ChatCompletion": _chat(),
                "Response": _response(),
                "Embeddings": _embeddings(),
                "Message": _message(),
                "Error": _error(),
            }
            | {"Act": _act(), "Feedback": _feedback(), "Document": _document(), "Key": _key(), "Overlap": _overlap()},
        },
        "security": [{"bearer": []}, {"apiKey": []}, {}],
    }


def _paths() -> Schema:
    return {
        "/v1/chat/completions": {"post": _operation("An OpenAI chat completion, JSON or SSE.", "ChatCompletion")},
        "/v1/responses": {"post": _operation("An OpenAI response, JSON or SSE; nothing is kept.", "Response")},
        "/v1/embeddings": {"post": _operation("Texts to vectors.", "Embeddings")},
        "/v1/messages": {"post": _operation("An Anthropic message, JSON or SSE.", "Message")},
        "/v1/messages/count_tokens": {"post": _operation("Count a message's input.", "Message")},
        "/v1/tasks/{task}/runs": {"post": _operation("Run a task once.", "Run", ["task"], ends=_RUN_ENDS)},
        "/v1/models": {"get": _operation("What may stand in `model`.")},
        "/v1/models/{name}": {"get": _operation("One of them.", None, ["name"])},
        "/v1/records": {"get": _operation("Records, newest first.", query=_RECORD_QUERY)},
        "/v1/records/{id}": {"get": _operation("One record.", None, ["id"])},
        "/v1/records/{id}/explanation": {"get": _operation("Why it went that way.", None, ["id"])},
        "/v1/reviews": {"get": _operation("Answers that wait for a person, newest first.", query=_REVIEW_QUERY)},
        "/v1/reviews/{id}": {"get": _operation("One of them, and what came of it.", None, ["id"])},
        "/v1/reviews/{id}/{verb}": {"post": _act_operation()},
        "/v1/feedback": {"post": _operation("Say what you think of an answer.", "Feedback", ends=_FEEDBACK_ENDS)},
        "/v1/sources": {
            "get": _operation("Documents with their labels.", query=("collection",)),
            "post": _operation("Index a document, or its new version.", "Document", ends={"201": "Indexed."}),
        },
        "/v1/sources/search": {"get": _operation("Passages that a question finds.", query=_SEARCH_QUERY)},
        "/v1/sources/{id}": {
            "get": _operation("A document with its passages, or one passage.", None, ["id"]),
            "delete": _operation("Remove a document.", None, ["id"], ends={"204": "Removed."}),
        },
        "/v1/admin/keys": {
            "get": _operation("Keys that the gateway made."),
            "post": _operation("Make a key; it is shown this one time.", "Key", ends={"201": "Made."}),
        },
        "/v1/admin/keys/{name}/rotate": {
            "post": _operation("A new key for the same holder.", "Overlap", ["name"], ends={"201": "Made."})
        },
        "/v1/admin/keys/{name}/revoke": {"post": _operation("It opens nothing from now on.", None, ["name"])},
        "/v1/admin/audit": {"get": _operation("What was done, newest first.", query=("before", "limit"))},
        "/healthz": {"get": _operation("The process is alive.")},
        "/readyz": {"get": _operation("It can serve, and whether the config on disk is in force.")},
        "/openapi.json": {"get": _operation("This document.")},
    }


_SEARCH_QUERY = ("q", "collection", "limit")
_REVIEW_QUERY = ("task", "state", "assignee", "since", "before", "limit")
_RECORD_QUERY = ("task", "model", "status", "fallback", "since", "before", "limit")


_DONE = {"200": "Done."}
_RUN_ENDS = {"200": "The answer.", "202": "A person has to decide; `Location` says where to ask for what came of it."}
_FEEDBACK_ENDS = {"201": "Kept."}


def _act_operation() -> Schema:
    operation = _operation("Claim, release, approve, correct or reject.", "Act", ["id"])
    verb: Schema = {"name": "verb", "in": "path", "required": True, "schema": {"enum": list(ReviewVerb)}}
    match: Schema = {"name": "If-Match", "in": "header", "required": False, "schema": TEXT}
    conflicts = {
        "409": "Somebody else has it, changed it or decided it.",
        "422": "The correction breaks the task's contract.",
    }
    responses = cast("Schema", operation["responses"]) | {code: _failure(text) for code, text in conflicts.items()}
    parameters = [*cast("list[Schema]", operation["parameters"]), verb, match]
    return operation | {"parameters": parameters, "responses": responses}


def _operation(
    summary: str,
    body: str | None = None,
    path: list[str] | None = None,
    query: tuple[str, ...] = (),
    ends: Mapping[str, str] = _DONE,
) -> Schema:
    operation: Schema = {
        "summary": summary,
        "parameters": [_parameter(name, "path") for name in path or ()] + [_parameter(name, "query") for name in query],
        "responses": {code: {"description": text} for code, text in ends.items()}
        | {code: _failure(text) for code, text in ERRORS.items()},
    }
    if body is not None:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{body}"}}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameter(name: str, place: str) -> Schema:
    return {"name": name, "in": place, "required": place == "path", "schema": TEXT}


def _failure(text: str) -> Schema:
    return {
        "description": text,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _run() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "input": {"type": "string", "description": "The text; or give `messages`."},
            "messages": {"type": "array", "items": {"type": "object"}, "description": "OpenAI-style messages."},
            "risk": {"enum": list(Risk), "description": "May raise the task's risk, not lower it."},
            "metadata": {"type": "object", "additionalProperties": TEXT},
            "max_output_tokens": {"type": "integer", "minimum": 1},
            "sources": {"type": "array", "items": _source(), "description": "Documents to answer from, and to cite."},
            "user": {"type": "string", "description": "Your own customer, for budgets and rate limits."},
            "output": {"type": "object", "description": "`{type: json_schema, schema: ...}` for a shaped answer."},
        },
    }


def _source() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "text"],
        "properties": {
            "id": TEXT,
            "text": TEXT,
            "deprecated": {"type": "boolean"},
            "authority": {"enum": list(Authority)},
            "updated": {"type": "string", "format": "date"},
            "topic": {"type": "string", "description": "Of two sources with one topic the newer is the current one."},
            "supersedes": {"type": "array", "items": TEXT, "description": "Ids that it takes the place of."},
        },
    }


def _document() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["collection", "name"],
        "properties": {
            "collection": {"type": "string", "description": "One that the config declares."},
            "name": {"type": "string", "description": "Its path there; the ending says what it is."},
            "text": {"type": "string", "description": "What it says; or give `content_base64`."},
            "content_base64": {"type": "string", "contentEncoding": "base64"},
            "labels": {"type": "object", "description": "authority, updated, deprecated, supersedes and so on."},
        },
    }


def _chat() -> Schema:
    return {
        "type": "object",
        "required": ["model", "messages"],
        "properties": {
            "model": {"type": "string", "description": "`task/<name>`, `auto`, or a portfolio model's name."},
            "messages": {"type": "array", "minItems": 1, "items": {"type": "object"}},
            "stream": {"type": "boolean"},
        },
    }


def _response() -> Schema:
    """What the gateway reads; a host of the same dialect gets everything else as well."""
    return {
        "type": "object",
        "required": ["model", "input"],
        "properties": {
            "model": TEXT,
            "input": {"type": ["string", "array"], "description": "Text, or the items of the conversation."},
            "instructions": TEXT,
            "max_output_tokens": {"type": "integer", "minimum": 1},
            "stream": {"type": "boolean"},
            "tools": {"type": "array"},
            "text": {"type": "object"},
            "store": {"const": False},
        },
        "additionalProperties": True,
    }


def _embeddings() -> Schema:
    return {
        "type": "object",
        "required": ["model", "input"],
        "properties": {
            "model": TEXT,
            "input": {"type": ["string", "array"], "items": TEXT, "maxItems": 2048},
            "encoding_format": {"enum": ["float", "base64"]},
            "dimensions": {"type": "integer", "minimum": 1},
        },
    }


def _message() -> Schema:
    return {
        "type": "object",
        "required": ["model", "max_tokens", "messages"],
        "properties": {
            "model": {"type": "string", "description": "`task/<name>`, `auto`, or a portfolio model's name."},
            "max_tokens": {"type": "integer", "minimum": 1},
            "messages": {"type": "array", "minItems": 1, "items": {"type": "object"}},
            "stream": {"type": "boolean"},
        },
    }


def _act() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "answer": {"type": "string", "description": "With `correct`: the right answer."},
            "note": TEXT,
            "version": {"type": "integer", "minimum": 1, "description": "Refuse when the item has changed since."},
        },
    }


def _feedback() -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["record"],
        "properties": {"record": TEXT, "thumbs": {"enum": ["up", "down"]}, "label": TEXT, "text": TEXT},
    }


def _error() -> Schema:
    fields: Schema = {
        "code": {"type": "string", "description": "Stable name for programs."},
        "message": {"type": "string", "description": "The condition and what to do."},
        "param": {"type": ["string", "null"], "description": "The field at fault."},
    }
    inner = {"type": "object", "required": ["code", "message"], "properties": fields}
    return {"type": "object", "required": ["error"], "properties": {"error": inner}}


def _key() -> Schema:
    names: Schema = {"type": "array", "items": TEXT}
    fields: Schema = {
        "name": TEXT,
        "owner": TEXT,
        "team": TEXT,
        "tasks": names,
        "models": names,
        "sensitivity": {"enum": list(Sensitivity)},
        "expires_in_s": {"type": "integer", "minimum": 1},
        **{f"may_{name}": {"type": "boolean"} for name in MAY},
    }
    return {"type": "object", "required": ["name"], "properties": fields, "additionalProperties": False}


def _overlap() -> Schema:
    return {"type": "object", "properties": {"overlap_s": {"type": "integer", "minimum": 0}}}
