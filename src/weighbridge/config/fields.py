"""Kinds of values that rows of the config are made of. An error says what belongs there, never what stood there."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, Any, NoReturn, cast

import orjson
from jsonschema_rs import ReferencingError, RegexOptions, ValidationError, validator_for
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as JsonForm
from pydantic_core import PydanticCustomError

from weighbridge.config.known import Known
from weighbridge.config.nearest import nearest, one_of
from weighbridge.config.secrets import REFERENCE, resolve_secret
from weighbridge.domain.money import Money, Price
from weighbridge.domain.patterns import linear_pattern
from weighbridge.domain.secret import Secret

LARGEST_SCHEMA_BYTES = 64 * 1024


class Row(BaseModel):
    """A mapping in the config: unknown keys are errors, and the docstring under a field is its description."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True, arbitrary_types_allowed=True
    )


def wrong(expected: str, near: str | None = None, at: tuple[str, ...] = ()) -> PydanticCustomError:
    """A validator's error. `at` leads to the key below the validated value that is at fault."""
    return PydanticCustomError("wrong", "{expected}", {"expected": expected, "nearest": near, "at": at})


def known_in(info: ValidationInfo) -> Known | None:
    """The declared names; `None` when the main file could not be read, so that no name can be judged."""
    return cast("Known | None", info.context)


def checked_name(value: str, what: str, valid: Iterable[str], at: tuple[str, ...] = ()) -> str:
    """The value, if it is one of the valid names. Raises the error with the nearest one."""
    names = list(valid)
    if value not in names:
        raise wrong(one_of(what, names), nearest(value, names), at)
    return value


def _declared(what: str, names: Callable[[Known], Iterable[str]]) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        known = known_in(info)
        return value if known is None else checked_name(value, what, names(known))

    return AfterValidator(check)


def one_of_names(what: str, valid: tuple[str, ...]) -> tuple[AfterValidator, JsonForm]:
    """For text that must be one of a fixed set."""
    return AfterValidator(lambda value: checked_name(value, what, valid)), JsonForm(
        {"type": "string", "enum": [*valid]}
    )


def number(value: object) -> object:
    """The value, if it is a number. Raises the error that says so."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong("a number")
    return value


def _exact_number(value: object) -> object:
    try:
        return Decimal(value) if isinstance(value, str) else number(value)
    except ArithmeticError:
        raise wrong("a number") from None


def _exact_usd(value: Decimal) -> Decimal:
    try:
        Money.usd(value)
    except ValueError as error:
        raise wrong(f"an amount ({error})") from None
    return value


def _exact_price(value: Decimal) -> Decimal:
    try:
        Price.per_million(value, value)
    except ValueError:
        raise wrong("a price of whole pico-dollars a token, so at most six decimals") from None
    return value


def _linear(value: str) -> str:
    try:
        linear_pattern(value)
    except ValueError as error:
        raise wrong(f"a usable pattern ({error})") from None
    return value


def _secret(value: object, info: ValidationInfo) -> Secret:
    known = cast("Known", info.context)  # only the main file holds secrets, and it is checked only when it was read
    try:
        return resolve_secret(value if isinstance(value, str) else "", known.env, known.folder)
    except ValueError as error:
        raise wrong(str(error)) from None


def _schema_text(value: object) -> str:
    if not isinstance(value, dict):
        raise wrong("a JSON Schema as a mapping")
    text = orjson.dumps(_plain(value)).decode()
    if len(text) > LARGEST_SCHEMA_BYTES:
        raise wrong(f"a JSON Schema of at most {LARGEST_SCHEMA_BYTES} bytes")
    try:
        validator_for(text, retriever=_never_fetch, validate_formats=True, pattern_options=RegexOptions())
    except (ValidationError, ReferencingError, ValueError) as error:
        reason = getattr(error, "message", None) or str(error)
        raise wrong(f"a valid JSON Schema without references to elsewhere ({' '.join(reason.split())[:160]})") from None
    return text


def _never_fetch(uri: str) -> NoReturn:
    raise ValueError(f"{uri[:60]!r} is never fetched")


def _single_as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _plain(value: object) -> object:
    """Free mappings are handed on as JSON values."""
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


Count = Annotated[int, Field(strict=True, ge=1, le=10**9)]
Share = Annotated[float, Field(ge=0, le=1), BeforeValidator(number)]
Seconds = Annotated[float, Field(gt=0, le=86_400), BeforeValidator(number)]
Delay = Annotated[float, Field(ge=0, le=86_400), BeforeValidator(number)]
Patience = Annotated[float, Field(gt=0, le=7_776_000), BeforeValidator(number)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1)]
_USD_FORM = JsonForm({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^[0-9]*\.?[0-9]+$"}]})
_Exact = Annotated[Decimal, BeforeValidator(_exact_number), Field(ge=0, le=10**6, max_digits=20)]
Usd = Annotated[_Exact, AfterValidator(_exact_usd), _USD_FORM]
UsdPerMillion = Annotated[_Exact, AfterValidator(_exact_price), _USD_FORM]
Pattern = Annotated[Text, AfterValidator(_linear)]
SchemaText = Annotated[str, PlainValidator(_schema_text), JsonForm({"type": "object"})]
Options = Annotated[dict[str, Any], AfterValidator(_plain)]
SecretReference = Annotated[
    Secret, PlainValidator(_secret), JsonForm({"type": "string", "pattern": f"^{REFERENCE.pattern}$"})
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,99}$")]
HostReference = Annotated[str, _declared("hosts", lambda known: known.hosts)]
ModelReference = Annotated[str, _declared("models", lambda known: known.models)]
ModelReferences = Annotated[
    list[ModelReference],
    BeforeValidator(_single_as_list),
    JsonForm({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
TaskReference = Annotated[str, _declared("tasks", lambda known: known.tasks)]
CollectionReference = Annotated[str, _declared("sources", lambda known: known.collections)]
ToolReference = Annotated[str, _declared("tools", lambda known: known.tools)]
KeyReference = Annotated[str, _declared("keys", lambda known: known.keys)]
