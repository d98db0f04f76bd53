"""Check one mapping against its row class; every complaint of pydantic becomes a `ConfigProblem` with its place.

What stood in the file is never repeated in a message, since it may be a secret in the wrong place.
"""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from weighbridge.config.fields import Row
from weighbridge.config.known import Known
from weighbridge.config.nearest import nearest, one_of
from weighbridge.config.positions import Document, KeyPath
from weighbridge.domain.errors import ConfigProblem

AnyRow = TypeVar("AnyRow", bound=Row)

COLLECTED = {"minimums", "maximums"}
"""Fields that are written as keys of their own: see `schema_gate.py`."""
_UNKNOWN = "; this one is unknown"
_REQUIRED = "this key, which is required"
_NAME_PATTERN_ADVICE = "a name of letters, digits, `_`, `-` and `.` (lower case, digits and `_` for signals)"
EXPECTED: Mapping[str, str] = {
    "string_type": "text; put it in quotes if it looks like a number",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": _NAME_PATTERN_ADVICE,
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "list_type": "a list",
    "date_from_datetime_parsing": "a day such as 2027-06-30",
    "date_parsing": "a day such as 2027-06-30",
    "date_from_datetime_inexact": "a day such as 2027-06-30",
    "decimal_max_digits": "a number of at most 20 digits",
    "finite_number": "a finite number",
}


def check_row(
    kind: type[AnyRow], values: Mapping[str, object], document: Document, path: KeyPath, known: Known | None
) -> tuple[AnyRow | None, list[ConfigProblem]]:
    """The row, or `None` with everything that is wrong with it."""
    try:
        return kind.model_validate(values, context=known), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems = [problem for detail in details for problem in _problems(kind, detail, document, path)]
    meant = {_sibling(problem.key, problem.nearest) for problem in problems if problem.expected.endswith(_UNKNOWN)}
    return None, [item for item in problems if not (item.key in meant and item.expected.startswith(_REQUIRED))]


def _sibling(key: str, name: str | None) -> str | None:
    """The key that a misspelt one was meant to be: it is not told a second time as missing."""
    return name and f"{key.rpartition('.')[0]}.{name}".removeprefix(".")


def _problems(kind: type[Row], detail: ErrorDetails, document: Document, path: KeyPath) -> Iterator[ConfigProblem]:
    context = detail.get("ctx", {})
    is_key = detail["loc"][-1:] == ("[key]",)
    steps = detail["loc"][:-1] if is_key else detail["loc"]
    place = (*path, *(step for step in steps if step not in COLLECTED))
    match detail["type"]:
        case "expression":
            yield from (_rebased(problem, document, place) for problem in context["problems"])
        case "wrong":
            yield document.problem((*place, *context["at"]), context["expected"], context["nearest"], at_key=is_key)
        case "extra_forbidden":
            keys = _keys_at(kind, steps[:-1])
            expected = f"{one_of('keys', keys)}{_UNKNOWN}"
            yield document.problem(place, expected, nearest(str(steps[-1]), keys), at_key=True)
        case "missing":
            yield document.problem(place, f"{_REQUIRED}: {_description(kind, steps)}", at_key=True)
        case "enum" | "literal_error":
            values = re.findall(r"'([^']*)'", str(context["expected"]))
            near = nearest(detail["input"], values) if isinstance(detail["input"], str) else None
            yield document.problem(place, one_of("values", values), near)
        case other:
            yield document.problem(place, EXPECTED.get(other) or _bound(other, context), at_key=is_key)


def _bound(kind: str, context: Mapping[str, Any]) -> str:
    match kind:
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "greater_than":
            return f"more than {context['gt']}"
        case "less_than_equal":
            return f"at most {context['le']}"
        case "too_short":
            return f"at least {context['min_length']} of them"
        case _:
            return f"a valid value ({kind.replace('_', ' ')})"


def _rebased(problem: ConfigProblem, document: Document, place: KeyPath) -> ConfigProblem:
    """From a position inside the expression to one in the file, where the text stands on one line as it is."""
    whole = document.problem(place, problem.expected, problem.nearest)
    offset = document.place(place).text_offset
    if offset is None or problem.line != 1:
        return whole
    column = whole.column + offset + problem.column - 1
    return ConfigProblem(whole.file, whole.line, column, whole.key, whole.expected, whole.nearest)


def _keys_at(kind: type[Row], steps: KeyPath) -> list[str]:
    row = _row_at(kind, steps)
    names = list(row.model_fields) if row else []
    return ["minimum_exact_match" if name == "minimums" else name for name in names if name != "maximums"]


def _description(kind: type[Row], steps: KeyPath) -> str:
    row = _row_at(kind, steps[:-1])
    field = row.model_fields.get(str(steps[-1])) if row else None
    text = (field.description or "") if field else ""
    return text[:1].lower() + text[1:].rstrip(".")


def _row_at(kind: Any, steps: KeyPath) -> type[BaseModel] | None:
    for step in steps:
        kind = _below(kind, step)
    return _row_of(kind)


def _below(kind: Any, step: str | int) -> Any:
    row = _row_of(kind)
    if row is not None:
        return row.model_fields[str(step)].annotation if str(step) in row.model_fields else None
    container = next((part for part in _alternatives(kind) if get_origin(part) in {dict, list}), None)
    return get_args(container)[-1] if container is not None else None


def _row_of(kind: Any) -> type[BaseModel] | None:
    rows = (part for part in _alternatives(kind) if isinstance(part, type) and issubclass(part, BaseModel))
    return next(rows, None)


def _alternatives(kind: Any) -> Iterator[Any]:
    if get_origin(kind) in {Union, UnionType}:
        for part in get_args(kind):
            yield from _alternatives(part)
    else:
        yield kind
