"""Datasets: three formats, one digest, problems with their line."""

from pathlib import Path

import pytest

from weighbridge.domain.errors import ConfigError
from weighbridge.evals.dataset import dump_sample, load_dataset

FORMATS = {
    "a.yaml": "- {id: x, input: Hello, target: hi, split: train, tags: [short]}\n",
    "a.jsonl": '{"id": "x", "input": "Hello", "target": "hi", "split": "train", "tags": ["short"]}\n',
    "a.csv": "id,input,target,split,tags\nx,Hello,hi,train,short\n",
}
RICH = """
- {id: a, input: Hello, target: {label: tax}, group: g}
- {id: b, input: Hello, target: 7, cites: [s], sources: [{id: s, text: seven, is_deprecated: true}]}
- {id: c, input: Hello, refuses: true}
- {id: d, input: Hello, target: "yes", answer: "no", is_good: false}
"""
WRONG = {
    "e.yaml": ("- {input: a, target: b, answer: c}\n", "`answer` together with `is_good`"),
    "f.yaml": ("- {input: a, target: b, tags: x}\n", "`tags` as a list"),
    "g.yaml": ("- {input: '', target: b}\n", "`input` as text"),
    "h.yaml": ("- {input: a, target: b, sources: [x]}\n", "`sources` as a list"),
    "a.yaml": ("- {input: a, target: b}\n- {input: a}\n", "a.yaml:2:1: dataset: expected `target`"),
    "b.yaml": ("- {input: a, target: b, tagret: c}\n", "not tagret"),
    "c.yaml": ("- [\n", "c.yaml:2"),
    "d.yaml": ("a: b\n", "a list of samples"),
    "a.jsonl": ('{"input": "a", "target": "b"}\n{"input\n', "a.jsonl:2"),
    "a.csv": ("id,input,target\nx,a,b\nx,c,d\n", "a.csv:3:1: dataset: expected ids that differ"),
    "empty.jsonl": ("", "at least one sample"),
}


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_three_formats_say_the_same(tmp_path: Path) -> None:
    found = {load_dataset(write(tmp_path, name, text)).samples for name, text in FORMATS.items()}
    assert len(found) == 1


def test_a_sample_says_all_it_can_and_comes_back_from_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", RICH)
    samples = load_dataset(path).samples
    again = tmp_path / "b.jsonl"
    again.write_bytes(b"".join(map(dump_sample, samples)))
    assert load_dataset(again).samples == samples
    assert [sample.target for sample in samples] == ['{"label":"tax"}', "7", None, "yes"]
    assert samples[2].refuses
    assert samples[3].is_good is False


def test_a_changed_target_changes_the_digest(tmp_path: Path) -> None:
    one = load_dataset(write(tmp_path, "a.yaml", FORMATS["a.yaml"]))
    other = load_dataset(write(tmp_path, "b.yaml", FORMATS["a.yaml"].replace("hi", "ho")))
    assert one.digest != other.digest


@pytest.mark.parametrize("name", FORMATS)
def test_splits_and_tags_pick_samples(tmp_path: Path, name: str) -> None:
    dataset = load_dataset(write(tmp_path, name, FORMATS[name]))
    assert [item.id for item in dataset.part("train", "short")] == ["x"]
    assert dataset.part("test") == ()


@pytest.mark.parametrize("name", WRONG)
def test_a_problem_has_its_line(tmp_path: Path, name: str) -> None:
    text, expected = WRONG[name]
    with pytest.raises(ConfigError) as raised:
        load_dataset(write(tmp_path, name, text))
    assert expected in str(raised.value)


def test_a_missing_file_is_a_problem_of_the_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FileNotFoundError"):
        load_dataset(tmp_path / "none.yaml")
