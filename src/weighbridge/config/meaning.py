"""What a parsed expression means: its types are checked against the signals, then it becomes closures.

rule-engine checks types as well, but its "data type mismatch" names neither the signal nor the place, and it lets
`risk == 3` pass; so the text is parsed without types and judged here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rule_engine import ast

from weighbridge.config import kleene
from weighbridge.config.complaint import refusal
from weighbridge.config.nearest import nearest, one_of
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.response import FinishReason
from weighbridge.domain.signals import SignalValue

VALUES: Mapping[str, tuple[str, ...]] = {
    "risk": tuple(Risk),
    "sensitivity": tuple(Sensitivity),
    "finish_reason": tuple(FinishReason),
}
"""Text signals with a fixed set of values: a literal outside it would never match."""
MIRRORED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
KINDS: Mapping[type, str] = {bool: "true or false", int: "a number", float: "a number", str: "text"}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One expression with the types of the signals it may read."""

    text: str
    """The expression, for positions."""
    known: Mapping[str, type]
    """Signal → its type."""
    offsets: Mapping[str, int]
    """Signal → where it first stands in the text."""

    def test(self, node: ast.ExpressionBase) -> kleene.Test:
        """A node that must be true or false. Raises ConfigError for what it must not be."""
        match node:
            case ast.LogicExpression():
                join = kleene.both if node.type == "and" else kleene.either
                return join(self.test(node.left), self.test(node.right))
            case ast.UnaryExpression(type="not"):
                return kleene.negation(self.test(node.right))
            case ast.ComparisonExpression():
                return self._comparison(node.left, node.type, node.right)
            case ast.ContainsExpression():
                return self._membership(node.member, node.container)
            case ast.SymbolExpression():
                return self._truth(node.name)
            case ast.BooleanExpression():
                return kleene.certain(bool(node.value))
            case _:
                raise refusal(self.text, 0, "comparisons and true-or-false signals joined by `and`, `or` and `not`")

    def _truth(self, name: str) -> kleene.Test:
        if self.known[name] is not bool:
            raise self._refusal_at(
                name, f"a comparison such as {name} < 10, because {name} is {KINDS[self.known[name]]}"
            )
        return kleene.truth(name)

    def _comparison(self, left: ast.ExpressionBase, comparison: str, right: ast.ExpressionBase) -> kleene.Test:
        left_name, right_name = _name_of(left), _name_of(right)
        if left_name is None and right_name is not None:
            return self._comparison(right, MIRRORED[comparison], left)
        if left_name is None:
            raise refusal(self.text, 0, "a signal on at least one side of each comparison")
        if right_name is not None:
            self._check_kinds(left_name, comparison, KINDS[self.known[right_name]])
            return kleene.compares(kleene.signal(left_name), comparison, kleene.signal(right_name))
        return kleene.compares_to(left_name, comparison, self._literal(left_name, comparison, right))

    def _membership(self, member: ast.ExpressionBase, container: ast.ExpressionBase) -> kleene.Test:
        name = _name_of(member)
        if name is None or not isinstance(container, ast.ArrayExpression) or not container.value:
            raise refusal(self.text, 0, "a signal before `in` and a list such as ['a', 'b'] after it")
        return kleene.is_among(name, frozenset(self._literal(name, "eq", item) for item in container.value))

    def _literal(self, name: str, comparison: str, node: ast.ExpressionBase) -> SignalValue:
        match node:
            case ast.BooleanExpression():
                self._check_kinds(name, comparison, KINDS[bool])
                return bool(node.value)
            case ast.FloatExpression():
                self._check_kinds(name, comparison, KINDS[float])
                return int(node.value) if node.value == int(node.value) else float(node.value)
            case ast.StringExpression():
                self._check_kinds(name, comparison, KINDS[str])
                return self._checked_value(name, str(node.value))
            case _:
                raise self._refusal_at(name, f"a literal or a signal to compare {name} with")

    def _check_kinds(self, name: str, comparison: str, other: str) -> None:
        kind = KINDS[self.known[name]]
        if kind != other:
            raise self._refusal_at(name, f"{name}, which is {kind}, compared with {kind} and not with {other}")
        if comparison not in {"eq", "ne"} and kind != KINDS[int]:
            raise self._refusal_at(name, f"`==` or `!=`, because {name} is {kind}, which has no order")

    def _checked_value(self, name: str, value: str) -> str:
        allowed = VALUES.get(name)
        if allowed is not None and value not in allowed:
            raise refusal(self.text, self.offsets[name], one_of(f"values of {name}", allowed), nearest(value, allowed))
        return value

    def _refusal_at(self, name: str, expected: str) -> ConfigError:
        return refusal(self.text, self.offsets[name], expected)


def _name_of(node: ast.ExpressionBase) -> str | None:
    return node.name if isinstance(node, ast.SymbolExpression) else None
