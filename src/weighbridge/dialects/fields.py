"""Typed reads from a parsed JSON object. Each names the field at fault; an absent field and null are both `None`."""

from collections.abc import Mapping
from typing import cast

from weighbridge.domain.errors import InvalidFieldError

Fields = Mapping[str, object]
_SHOWN_NAME_CHARS = 60


def invalid(param: str, expected: str, value: object, advice: str | None = None) -> InvalidFieldError:
    """The error for a field that must be `expected` and is not."""
    if value is None:
        return InvalidFieldError(
            f"`{param}` is missing; it must be {expected}.", advice=advice or f"Add `{param}`.", param=param
        )
    return InvalidFieldError(
        f"`{param}` must be {expected}, not {kind_of(value)}.",
        advice=advice or f"Correct `{param}` and send the request again.",
        param=param,
    )


def kind_of(value: object) -> str:
    """A JSON value's kind in plain words; never the value itself, which may be long or private."""
    return _KINDS.get(type(value), "something else")


_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "true or false",
    int: "a whole number",
    float: "a fraction",
    str: "other text",
    list: "a list",
    dict: "an object",
}


def join(path: str, key: str) -> str:
    """The param of `key` inside `path`, such as `messages[0].content`."""
    return f"{path}.{key}" if path else key


def read_text(fields: Fields, key: str, path: str = "") -> str | None:
    """Text."""
    value = fields.get(key)
    if value is None or type(value) is str:
        return value
    raise invalid(join(path, key), "text", value)


def need_text(fields: Fields, key: str, path: str = "") -> str:
    """Text that must be there and not blank."""
    value = fields.get(key)
    if type(value) is str and value.strip():
        return value
    raise invalid(join(path, key), "text that is not blank", value)


def read_flag(fields: Fields, key: str, path: str = "") -> bool | None:
    """True or false."""
    value = fields.get(key)
    if value is None or type(value) is bool:
        return value
    raise invalid(join(path, key), "true or false", value)


def read_int(fields: Fields, key: str, path: str = "", *, least: int, most: int = 2**63 - 1) -> int | None:
    """A whole number within bounds, both included."""
    value = fields.get(key)
    if value is None:
        return None
    if type(value) is int and least <= value <= most:
        return value
    expected = f"a whole number from {least}" + (f" to {most}" if most < 2**63 - 1 else "")
    raise invalid(join(path, key), expected, value) if type(value) is not int else _outside(join(path, key), expected)


def read_number(fields: Fields, key: str, path: str = "", *, least: float, most: float) -> float | None:
    """A number within bounds, both included."""
    value = fields.get(key)
    if value is None:
        return None
    if type(value) not in {int, float}:
        raise invalid(join(path, key), f"a number from {least:g} to {most:g}", value)
    number = cast("float", value)
    if not least <= number <= most:
        raise _outside(join(path, key), f"a number from {least:g} to {most:g}")
    return number


def read_list(fields: Fields, key: str, path: str = "") -> list[object] | None:
    """A list of anything."""
    value = fields.get(key)
    if value is None or type(value) is list:
        return cast("list[object] | None", value)
    raise invalid(join(path, key), "a list", value)


def read_object(fields: Fields, key: str, path: str = "") -> dict[str, object] | None:
    """An object."""
    value = fields.get(key)
    if value is None or type(value) is dict:
        return cast("dict[str, object] | None", value)
    raise invalid(join(path, key), "an object", value)


def need_object(fields: Fields, key: str, path: str = "") -> dict[str, object]:
    """An object that must be there."""
    return as_object(fields.get(key), join(path, key))


def as_object(value: object, param: str) -> dict[str, object]:
    """This value, which must be an object."""
    if type(value) is dict:
        return value
    raise invalid(param, "an object", value)


def read_labels(fields: Fields, key: str) -> dict[str, str]:
    """An object whose values are all text; empty when absent."""
    labels = read_object(fields, key) or {}
    for name, value in labels.items():
        if type(value) is not str:
            raise invalid(join(key, name[:_SHOWN_NAME_CHARS]), "text", value)
    return cast("dict[str, str]", labels)


def read_user(fields: Fields) -> str | None:
    """The caller's own customer: `safety_identifier`, or `user`, its older name. Raises InvalidFieldError."""
    for key in ("safety_identifier", "user"):
        value = read_text(fields, key)
        if value:
            return value
    return None


def one_of(value: object, names: tuple[str, ...], param: str) -> str:
    """One of a few names; the error lists them."""
    if type(value) is str and value in names:
        return value
    listed = ", ".join(names)
    raise invalid(param, f"one of {listed}", value, advice=f"Choose from {listed}.")


def _outside(param: str, expected: str) -> InvalidFieldError:
    return InvalidFieldError(
        f"`{param}` must be {expected}.", advice=f"Send a value inside that range, or leave `{param}` out.", param=param
    )
