"""Problems inside one expression, with positions that count from the expression's own start."""

from weighbridge.domain.errors import ConfigError, ConfigProblem

SOURCE = "the expression"


def complaint(text: str, offset: int, expected: str, near: str | None = None) -> ConfigProblem:
    """One problem at an offset of the expression."""
    before = text[:offset]
    return ConfigProblem(SOURCE, before.count("\n") + 1, offset - before.rfind("\n"), "", expected, near)


def refusal(text: str, offset: int, expected: str, near: str | None = None) -> ConfigError:
    """The error of one problem."""
    return ConfigError([complaint(text, offset, expected, near)])
