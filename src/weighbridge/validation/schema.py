"""JSON Schemas, compiled once. A caller's schema is hostile input, so every way it could reach out or run away is shut.

Shut are: references outside the schema (the library would fetch `http:` and read `file:`), patterns that need
back-tracking, size, depth, and references that multiply until one small answer takes hours ("billion laughs").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn

import jiter
from jsonschema_rs import ReferencingError, RegexOptions, ValidationError, Validator, validator_for

from weighbridge.domain.errors import InvalidFieldError
from weighbridge.validation.weight import is_expansion_within

LARGEST_SCHEMA_BYTES = 64 * 1024
DEEPEST_SCHEMA = 64
MOST_PATTERNS = 32
LARGEST_COMPILED_PATTERN_BYTES = 1 << 18
PLAIN_EXPANSION = 500
"""Up to so many sub-schemas with all references written out, checking cannot run away."""


@dataclass(frozen=True, slots=True)
class CompiledSchema:
    """A schema that is safe to check with."""

    validator: Validator
    """The compiled form; its messages say `the answer` in place of what the model wrote."""
    document: object
    """The schema itself, to weigh an answer before it is checked."""
    multiplies: bool
    """Its references recurse or fan out, so that each answer has to be weighed first."""


def check_schema(text: str) -> None:
    """Refuse a caller's JSON Schema that cannot be used. Raises InvalidFieldError for `response_format`."""
    try:
        compile_schema(text)
    except ValueError as error:
        raise InvalidFieldError(
            f"The JSON Schema cannot be used: {error}.",
            advice="Send one self-contained schema of draft 4 or newer, without look-around in patterns.",
            param="response_format",
        ) from error


@lru_cache(maxsize=128)
def compile_schema(text: str) -> CompiledSchema:
    """Compile once for each text. Raises ValueError with the reason when the schema is wrong or not safe."""
    document = _parsed(text)
    own_name = "id" if isinstance(document, dict) and "draft-04" in str(document.get("$schema")) else "$id"
    for objection in _objections(document, own_name):
        raise ValueError(objection)
    try:
        validator = validator_for(
            document,  # type: ignore[arg-type]  # the library itself says what it is when it is no schema
            retriever=_refuse_to_fetch,
            validate_formats=True,
            pattern_options=RegexOptions(size_limit=LARGEST_COMPILED_PATTERN_BYTES),
            mask="the answer",
        )
    except ValidationError as error:
        raise ValueError(shorten(error.message, 200)) from error
    except (ValueError, ReferencingError) as error:
        raise ValueError(shorten(str(error), 200)) from error
    return CompiledSchema(validator, document, not is_expansion_within(document, PLAIN_EXPANSION))


def shorten(text: str, most: int) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _parsed(text: str) -> object:
    content = text.encode(errors="replace")
    if len(content) > LARGEST_SCHEMA_BYTES:
        raise ValueError(f"it has {len(content)} bytes, at most {LARGEST_SCHEMA_BYTES} are read")
    try:
        document: object = jiter.from_json(content, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise ValueError(f"it is not JSON ({shorten(str(error), 100)})") from error
    if not isinstance(document, dict | bool):
        raise ValueError("it is neither an object nor a boolean")
    return document


def _objections(document: object, own_name: str) -> Iterator[str]:
    patterns = 0
    stack: list[tuple[object, int]] = [(document, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > DEEPEST_SCHEMA:
            yield f"it is nested deeper than {DEEPEST_SCHEMA} levels"
            return
        if isinstance(node, dict):
            yield from _reaching_out(node, own_name, is_root=depth == 1)
            patterns += _patterns_in(node)
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        stack.extend((child, depth + 1) for child in children)
    if patterns > MOST_PATTERNS:
        yield f"it has {patterns} patterns, at most {MOST_PATTERNS} are allowed"


def _reaching_out(node: dict[str, object], own_name: str, *, is_root: bool) -> Iterator[str]:
    reference = node.get("$ref")
    if isinstance(reference, str) and reference != "#" and not reference.startswith("#/"):
        yield f"$ref {shorten(reference, 60)!r} leaves the schema; only '#' and '#/…' are followed"
    for name in ("$dynamicRef", "$recursiveRef"):
        if isinstance(node.get(name), str):
            yield f"{name} is not supported"
    if isinstance(node.get(own_name), str) and not is_root:
        yield f"an {own_name} below the top would change what references mean"
    dialect = node.get("$schema")
    if isinstance(dialect, str) and "draft-03" in dialect:
        yield "it is written for a draft before 4"


def _patterns_in(node: dict[str, object]) -> int:
    by_name = node.get("patternProperties")
    return isinstance(node.get("pattern"), str) + (len(by_name) if isinstance(by_name, dict) else 0)


def _refuse_to_fetch(uri: str) -> NoReturn:
    raise ValueError(f"{shorten(uri, 60)!r} is not part of the schema and is never fetched")
