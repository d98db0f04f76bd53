"""The checks on an answer that has to be JSON: syntax, schema, required fields."""

from collections.abc import Iterable, Iterator

import jiter
from jsonschema_rs import ValidationError

from weighbridge.domain.request import OutputFormat
from weighbridge.domain.task import Contract
from weighbridge.domain.verdict import Finding, FindingCode
from weighbridge.validation.schema import CompiledSchema, compile_schema, shorten
from weighbridge.validation.weight import is_check_within

MOST_CHECK_STEPS = 50_000
"""An answer that needs more is not checked, and so is not valid."""
MOST_STEPS_TO_LIST_ALL = 1_000
MOST_STEPS_TO_NAME_ONE = 5_000
"""The library builds every error, nested ones too, before it gives the first: about 35 µs each."""
QUOTED_CHARS = 60


def wants_json(contract: Contract, output: OutputFormat) -> bool:
    """True when the task or the caller asks for JSON."""
    return bool(contract.schema_json or contract.required_fields) or output.kind != "text"


def json_findings(text: str, contract: Contract, output: OutputFormat) -> Iterator[Finding]:
    """Everything wrong with `text` as the JSON that was asked for. The whole text has to be JSON (RFC 8259)."""
    try:
        value: object = jiter.from_json(
            text.encode(errors="surrogatepass"), allow_inf_nan=False, catch_duplicate_keys=True
        )
    except ValueError as error:
        yield Finding(FindingCode.NOT_JSON, _not_json(text, str(error)))
        return
    if output.kind == "json_object" and not isinstance(value, dict):
        yield Finding(FindingCode.SCHEMA_MISMATCH, "The answer must be a JSON object.")
    for schema in {contract.schema_json: None, output.schema_json: None}:
        if schema is not None:
            yield from schema_findings(value, schema)
    yield from _field_findings(value, contract.required_fields)


def schema_findings(value: object, schema: str) -> Iterator[Finding]:
    """Where `value` departs from the JSON Schema in `schema`. A schema that cannot be used is a finding too."""
    try:
        compiled = compile_schema(schema)
    except ValueError as error:
        yield _mismatch(f"The answer cannot be checked, because its JSON Schema cannot be used: {error}.")
        return
    if compiled.multiplies and not is_check_within(compiled.document, value, MOST_CHECK_STEPS):
        yield _mismatch(f"The answer would take more than {MOST_CHECK_STEPS} steps to check: nest it less deeply.")
    elif not compiled.validator.is_valid(value):
        yield from _departures(value, compiled)


def _departures(value: object, compiled: CompiledSchema) -> Iterator[Finding]:
    errors: Iterable[ValidationError] = ()
    if is_check_within(compiled.document, value, MOST_STEPS_TO_LIST_ALL):
        errors = compiled.validator.iter_errors(value)
    elif is_check_within(compiled.document, value, MOST_STEPS_TO_NAME_ONE):
        errors = _first_error(value, compiled)
    else:
        yield _mismatch("The answer does not match its JSON Schema; it is too large to name the places.")
    for error in errors:
        yield _mismatch(f"{shorten(error.message, 160)}.", _pointer(error.instance_path))


def _first_error(value: object, compiled: CompiledSchema) -> list[ValidationError]:
    try:
        compiled.validator.validate(value)
    except ValidationError as error:
        return [error]
    return []


def _field_findings(value: object, required: tuple[str, ...]) -> Iterator[Finding]:
    if required and not isinstance(value, dict):
        names = shorten(", ".join(required), 160)
        yield Finding(FindingCode.FIELD_MISSING, f"The answer must be a JSON object with the fields {names}.")
        return
    for name in required:
        if isinstance(value, dict) and value.get(name) is None:
            so = "is null" if name in value else "is missing"
            yield Finding(FindingCode.FIELD_MISSING, f"The field {shorten(name, 60)!r} {so}.", _pointer([name]))


def _not_json(text: str, reason: str) -> str:
    if text.lstrip().startswith("```"):
        return "The answer is wrapped in a ``` fence; send the bare JSON and nothing else."
    return f"The whole answer must be JSON and nothing else: {shorten(reason, QUOTED_CHARS)}."


def _mismatch(message: str, place: str = "") -> Finding:
    return Finding(FindingCode.SCHEMA_MISMATCH, message, place)


def _pointer(path: list[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
