"""YAML text → plain values, each with its line and column, so that every later complaint can point at its place.

The loader is PyYAML's parser with our own reading of scalars, because YAML 1.1 has traps: `no` is a boolean there,
`010` is eight, `12:30` is 750 and every fraction passes through a float. Here only `true` and `false` are booleans,
whole numbers are decimal, fractions become exact `Decimal`s, and all else that YAML 1.1 would reinterpret stays text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from weighbridge.domain.errors import ConfigProblem

LARGEST_BYTES = 1 << 20
MOST_VALUES = 50_000
DEEPEST = 40
LONGEST_NUMBER_CHARS = 40
LONGEST_WHOLE_CHARS = 18
LONGEST_SHOWN_CHARS = 80

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys and list indices from the top of the file."""

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_FRACTION = re.compile(r"[-+]?[0-9][0-9_]*\.[0-9]*(?:[eE][-+][0-9]{1,2})?|[-+]?\.[0-9]+")
_TEXT_LIKE = {"str", "timestamp", "value"}


@dataclass(frozen=True, slots=True)
class Place:
    """A value in the file."""

    line: int
    """Of the value, from 1."""
    column: int
    """Of the value, from 1."""
    key_line: int
    """Of the key that holds it, or of the value itself in a list."""
    key_column: int
    """Of the key that holds it, or of the value itself in a list."""
    text_offset: int | None = None
    """How far after `column` the text itself begins; `None` where escapes or line folds part the two."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read."""

    file: str
    """Its path as the operator gave it."""
    values: Mapping[str, object]
    """Its content as dicts, lists, text, int, Decimal, bool and None; empty when it could not be read."""
    places: Mapping[KeyPath, Place]
    """Where each value stands."""
    problems: tuple[ConfigProblem, ...] = ()
    """What is wrong with it as YAML."""

    @property
    def is_broken(self) -> bool:
        """Nothing of it could be read."""
        return bool(self.problems) and not self.values

    def place(self, path: KeyPath) -> Place:
        """Of the value, or of the innermost value around it that exists."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1, 1, 1))

    def problem(
        self, path: KeyPath, expected: str, nearest: str | None = None, *, at_key: bool = False
    ) -> ConfigProblem:
        """A complaint about the value at `path`, or about its key; about the key around it when it is absent."""
        place = self.place(path)
        is_absent = path not in self.places
        line, column = (place.key_line, place.key_column) if at_key or is_absent else (place.line, place.column)
        return ConfigProblem(self.file, line, column, dotted(path), expected, nearest)


def dotted(path: KeyPath) -> str:
    """`tasks.tag.fallback_model[0]`."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in path)
    return shown.removeprefix(".") or "(the file)"


def _shown(key: str) -> str:
    return key if key.isprintable() and len(key) <= LONGEST_SHOWN_CHARS else f"{key[:LONGEST_SHOWN_CHARS]!r}"


def read_document(path: Path) -> Document:
    """Read and parse; never raises for what is in the file or for a file that is not there."""
    file = str(path)
    try:
        text = _content(path)
        root = yaml.SafeLoader(text).get_single_node()
    except yaml.YAMLError as error:
        return Document(file, {}, {}, (_syntax_problem(file, error),))
    except (OSError, ValueError, RecursionError) as error:
        return unreadable(path, error)
    return _Reading(file, text).document(root)


def unreadable(path: Path, error: Exception) -> Document:
    """What stands for a file that cannot be read."""
    return Document(str(path), {}, {}, (ConfigProblem(str(path), 1, 1, "(the file)", _reason(error)),))


def _content(path: Path) -> str:
    with path.open("rb") as opened:
        content = opened.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise ValueError(f"at most {LARGEST_BYTES} bytes")
    return content.decode("utf-8-sig")


def _reason(error: Exception) -> str:
    match error:
        case OSError():
            return f"a readable file ({(error.strerror or 'it cannot be read').lower()})"
        case UnicodeDecodeError():
            return f"UTF-8 text (byte {error.start + 1} is not)"
        case RecursionError():
            return f"at most {DEEPEST} levels of nesting"
        case _:
            return str(error)


def _syntax_problem(file: str, error: yaml.YAMLError) -> ConfigProblem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    hint = "; indent with spaces, not tabs" if "'\\t'" in reason else ""
    return ConfigProblem(file, line, column, "(the file)", f"valid YAML ({reason}{hint})")


@dataclass(slots=True)
class _Reading:
    """Values, places and problems of one file while it is walked."""

    file: str
    text: str
    places: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)
    visits: int = 0

    def document(self, root: Node | None) -> Document:
        values: object = {}
        if root is not None:
            try:
                values = self._value(root, (), root)
            except OverflowError as error:
                self._complain(root, (), str(error))
            except RecursionError:
                self._complain(root, (), f"at most {DEEPEST} levels of nesting, all aliases written out")
        if not isinstance(values, dict):
            self._complain(root, (), "a mapping of keys to values")
            values = {}
        return Document(self.file, values, self.places, tuple(self.problems))

    def _value(self, node: Node, path: KeyPath, key: Node) -> object:
        self._count_visit()
        if len(path) > DEEPEST:
            raise OverflowError(f"at most {DEEPEST} levels of nesting, all aliases written out")
        self.places[path] = self._place(node, key)
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                self._check_tag(node, path, "seq")
                return [self._value(item, (*path, index), item) for index, item in enumerate(node.value)]
            case _:
                return self._scalar(node, path)

    def _count_visit(self) -> None:
        self.visits += 1
        if self.visits > MOST_VALUES:
            raise OverflowError(f"at most {MOST_VALUES} values, all aliases written out")

    def _place(self, node: Node, key: Node) -> Place:
        begin, end = node.start_mark, node.end_mark
        offset = None
        if isinstance(node, ScalarNode) and begin.line == end.line:
            raw = self.text[begin.index : end.index]
            offset = 0 if raw == node.value else 1 if raw[1:-1] == node.value else None
        return Place(begin.line + 1, begin.column + 1, key.start_mark.line + 1, key.start_mark.column + 1, offset)

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, object]:
        self._count_visit()
        self._check_tag(node, path, "map")
        merged: dict[str, object] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                for source in self._merge_sources(value, path):
                    merged = {**self._mapping(source, path), **merged}
        own: dict[str, object] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            if not (isinstance(key, ScalarNode) and _is_whole_text(key.value)):
                self._complain(key, path, "plain text as a key")
            elif key.value in own:
                self._complain(key, (*path, key.value), "each key once; this one was given above")
            else:
                own[key.value] = self._value(value, (*path, key.value), key)
        return {**merged, **own}

    def _merge_sources(self, value: Node, path: KeyPath) -> Iterator[MappingNode]:
        for source in value.value if isinstance(value, SequenceNode) else [value]:
            if isinstance(source, MappingNode):
                yield source
            else:
                self._complain(source, path, "a mapping, or a list of mappings, to merge with `<<`")

    def _check_tag(self, node: Node, path: KeyPath, expected: str) -> None:
        if node.tag != _TAG + expected:
            self._complain(node, path, "a value without a YAML tag")

    def _scalar(self, node: Node, path: KeyPath) -> object:
        text: str = node.value
        if not _is_whole_text(text):
            self._complain(node, path, "text without lone surrogates")
        kind = node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return self._truth(node, path, text)
        if kind == "int" and _WHOLE.fullmatch(text) and len(text) <= LONGEST_WHOLE_CHARS:
            return int(text.replace("_", ""))
        if kind == "float" and _FRACTION.fullmatch(text) and len(text) <= LONGEST_NUMBER_CHARS:
            return Decimal(text.replace("_", ""))
        if kind not in {*_TEXT_LIKE, "int", "float"}:
            self._complain(node, path, "a value without a YAML tag")
        return text

    def _truth(self, node: Node, path: KeyPath, text: str) -> object:
        if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        truth = "true" if text.lower() in {"yes", "on"} else "false"
        self._complain(node, path, f'"{text}" in quotes for the word, or {truth}; YAML reads a bare {text} as {truth}')
        return text

    def _complain(self, node: Node | None, path: KeyPath, expected: str) -> None:
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)
        self.problems.append(ConfigProblem(self.file, line, column, dotted(path), expected))


def _is_whole_text(text: str) -> bool:
    """False for halves of surrogate pairs, which YAML can escape and no encoding can carry."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
