"""Policy expressions: parsed and type-checked once, when the policy is loaded, then run as closures.

The grammar is a small part of rule-engine's: comparisons of signals and literals, `in [...]`, `and`, `or`, `not`,
parentheses. Attributes, calls, arithmetic, regular expressions, dates and comprehensions are refused before the library
sees the text. Why this library, with figures: `docs/explanation/decisions/002-policy-expressions.md`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.config.complaint import complaint, refusal
from weighbridge.config.nearest import nearest, one_of
from weighbridge.domain.errors import ConfigError, ConfigProblem
from weighbridge.domain.signals import ANSWER_SIGNALS, Condition

if TYPE_CHECKING:
    from rule_engine.ast import ExpressionBase

LONGEST_CHARS = 500
DEEPEST_NESTING = 20
WORDS = ("and", "or", "not", "in", "true", "false")
INSTEAD = {"&&": "and", "||": "or", "!": "not", "=": "==", "<>": "!="}

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?![A-Za-z_0-9.]))"
    r"|(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<mark><=|>=|==|!=|<(?!>)|>|[()\[\],-])"
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int

    @property
    def is_signal(self) -> bool:
        return self.kind == "name" and self.text not in WORDS


def compile_condition(text: str, known: Mapping[str, type]) -> Condition:
    """A condition over the `known` signals. Raises ConfigError whose problems carry positions inside the text."""
    from weighbridge.config.meaning import Meaning  # loads rule-engine, which takes 0.3 s

    offsets: dict[str, int] = {}
    for token in _checked_tokens(text, known):
        if token.is_signal:
            offsets.setdefault(token.text, token.offset)
    node = _parsed(text)
    if not offsets:
        raise refusal(text, 0, "an expression that reads at least one signal")
    return Condition(text, frozenset(offsets), Meaning(text, known, offsets).test(node))


def _checked_tokens(text: str, known: Mapping[str, type]) -> list[_Token]:
    if len(text) > LONGEST_CHARS:
        raise refusal(text, LONGEST_CHARS, f"at most {LONGEST_CHARS} characters")
    tokens = list(_tokens(text))
    problems = [_unknown(text, token, known) for token in tokens if token.is_signal and token.text not in known]
    if problems:
        raise ConfigError(problems)
    _check_nesting(text, tokens)
    return tokens


def _tokens(text: str) -> Iterator[_Token]:
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise _bad_mark(text, offset)
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match[0], offset)
        offset = match.end()


def _bad_mark(text: str, offset: int) -> ConfigError:
    for mark, instead in INSTEAD.items():
        if text.startswith(mark, offset):
            return refusal(text, offset, f"`{instead}` in place of `{mark}`")
    return refusal(
        text, offset, "signals, numbers, quoted text, comparisons, `in [...]`, `and`, `or`, `not` and parentheses only"
    )


def _unknown(text: str, token: _Token, known: Mapping[str, type]) -> ConfigProblem:
    if token.text in ANSWER_SIGNALS:
        expected = (
            f"a signal that is known before the call; {token.text} needs an answer, so it belongs in escalate_when"
        )
        return complaint(text, token.offset, expected)
    return complaint(text, token.offset, one_of("signals", known), nearest(token.text, [*known, *WORDS]))


def _check_nesting(text: str, tokens: list[_Token]) -> None:
    depth = negations = 0
    for token in tokens:
        depth += (token.text in {"(", "["}) - (token.text in {")", "]"})
        negations += token.text == "not"
        if max(depth, negations) > DEEPEST_NESTING:
            raise refusal(
                text, token.offset, f"at most {DEEPEST_NESTING} levels of parentheses and {DEEPEST_NESTING} `not`"
            )


def _parsed(text: str) -> "ExpressionBase":
    from rule_engine import Rule, errors

    try:
        return Rule(text).statement.expression
    except errors.RuleSyntaxError as error:
        offset = len(text.rstrip()) if error.token is None else error.token.lexpos
        found = "the end" if error.token is None else f"{str(error.token.value)[:40]!r}"
        raise refusal(text, offset, f"an expression such as `a < 10 and b`; {found} does not fit here") from None
    except errors.EngineError:
        raise refusal(text, 0, "two values of the same type on both sides of each comparison") from None
