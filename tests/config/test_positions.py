"""YAML → values with places: the traps of YAML 1.1, duplicates, alias bombs, broken text."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.config.positions import LARGEST_BYTES, Document, Place, dotted, read_document


def read(folder: Path, text: str) -> Document:
    path = folder / "file.yaml"
    path.write_text(text)
    return read_document(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-12", -12),
        ("16_000", 16000),
        ("0.10", Decimal("0.10")),
        (".5", Decimal("0.5")),
        ("1.5e+3", Decimal(1500)),
        ("true", True),
        ("False", False),
        ("~", None),
        ("010", "010"),
        ("0x10", "0x10"),
        ("12:30", "12:30"),
        (".inf", ".inf"),
        ("2027-06-30", "2027-06-30"),
        ("'no'", "no"),
        ('"3"', "3"),
        ("!!str 3", "3"),
        ("9" * 19, "9" * 19),
        ("1.5e+999", "1.5e+999"),
    ],
)
def test_scalars_are_read_exactly_or_stay_text(tmp_path: Path, text: str, value: object) -> None:
    document = read(tmp_path, f"key: {text}\n")
    assert not document.problems
    assert document.values["key"] == value
    assert type(document.values["key"]) is type(value)


@pytest.mark.parametrize(("word", "truth"), [("yes", "true"), ("No", "false"), ("on", "true"), ("OFF", "false")])
def test_a_bare_yes_or_no_is_asked_about(tmp_path: Path, word: str, truth: str) -> None:
    (problem,) = read(tmp_path, f"labels: [tax, {word}]\n").problems
    assert (problem.line, problem.column, problem.key) == (1, 15, "labels[1]")
    assert problem.expected == f'"{word}" in quotes for the word, or {truth}; YAML reads a bare {word} as {truth}'


def test_every_value_and_key_has_its_place(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  b: [x, 'y']\n")
    assert document.place(("a", "b")) == Place(2, 6, 2, 3)
    assert document.place(("a", "b", 1)) == Place(2, 10, 2, 10, text_offset=1)
    assert document.place(("a", "missing", "deeper")) == document.place(("a",))


def test_a_duplicate_key_is_a_problem_at_the_second_one(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "a:\n  b: 1\n  b: 2\n").problems
    assert (problem.line, problem.column, problem.key) == (3, 3, "a.b")


def test_anchors_and_merges_are_read(tmp_path: Path) -> None:
    document = read(tmp_path, "base: &base {x: 1, y: 2}\nother: {<<: *base, y: 3}\nlist: {<<: [*base, {z: 4}]}\n")
    assert document.values["other"] == {"x": 1, "y": 3}
    assert document.values["list"] == {"x": 1, "y": 2, "z": 4}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
            f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcde", "bcdef", strict=True)
        ), "at most 50000 values"),
        ("a: &a {x: 1}\n" + "".join(
            f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 20)}]}}\n" for old, new in zip("abcd", "bcde", strict=True)
        ), "at most 50000 values"),
        ("a: &a [*a]\n", "levels of nesting"),
        ("a: &a {<<: *a}\n", "levels of nesting"),
        ("a: " + "[" * 60 + "]" * 60, "levels of nesting"),
        ("a: " + "[" * 5000 + "]" * 5000, "levels of nesting"),
    ],
    ids=["alias bomb", "merge bomb", "endless alias", "endless merge", "deep", "deeper than the parser goes"],
)  # fmt: skip
def test_what_would_grow_without_bound_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    document = read(tmp_path, text)
    assert expected in document.problems[0].expected
    assert document.is_broken


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("a: 1\n\tb: 2\n", 2, 1, "indent with spaces, not tabs"),
        ("a: [1\nb: 2\n", 2, 2, "valid YAML"),
        ("a: *nobody\n", 1, 4, "valid YAML (found undefined alias 'nobody')"),
        ("a: 1\n---\nb: 2\n", 2, 1, "valid YAML"),
        ("a: \0\n", 1, 1, "valid YAML (special characters are not allowed)"),
        ("a: !!python/object:os.system x\n", 1, 4, "a value without a YAML tag"),
        ("a: !mine {b: 1}\n", 1, 4, "a value without a YAML tag"),
        ("[a, b]: 1\n", 1, 1, "plain text as a key"),
        ("a: {<<: 3}\n", 1, 9, "a mapping, or a list of mappings, to merge"),
        ('a: "\\ud800"\n', 1, 4, "text without lone surrogates"),
        ('"\\ud800": 1\n', 1, 1, "plain text as a key"),
        ("- a\n", 1, 1, "a mapping of keys to values"),
        ("just text\n", 1, 1, "a mapping of keys to values"),
    ],
)
def test_what_is_no_plain_yaml_is_told_at_its_place(
    tmp_path: Path, text: str, line: int, column: int, expected: str
) -> None:
    problem = read(tmp_path, text).problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert expected in problem.expected


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4\n")
    (tmp_path / "large.yaml").write_bytes(b"#" * (LARGEST_BYTES + 1))
    reasons = {
        name: read_document(tmp_path / name).problems[0].expected for name in ("gone", ".", "latin.yaml", "large.yaml")
    }
    assert reasons == {
        "gone": "a readable file (no such file or directory)",
        ".": "a readable file (is a directory)",
        "latin.yaml": "UTF-8 text (byte 4 is not)",
        "large.yaml": "at most 1048576 bytes",
    }


def test_an_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing\n") == Document(str(tmp_path / "file.yaml"), {}, {})


def test_paths_are_dotted_and_odd_keys_are_escaped_and_cut() -> None:
    assert dotted(("tasks", "tag", "labels", 0)) == "tasks.tag.labels[0]"
    assert dotted(()) == "(the file)"
    assert dotted(("a\nb" + "x" * 100,)).startswith("'a\\nb")
    assert len(dotted(("x" * 500,))) < 100


@given(st.text(max_size=80) | st.text(alphabet="a: -[]{}&*<!|>'\"#\n\t10.?,yesno", max_size=60))
def test_any_text_gives_a_document_or_problems(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    document = read_document(path)
    assert document.problems or isinstance(document.values, dict)
    assert all(problem.line >= 1 and problem.column >= 1 for problem in document.problems)
