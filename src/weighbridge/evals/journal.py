"""The journal: one line an answer, written before it counts, so that a killed evaluation goes on where it stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from weighbridge.domain.money import Money


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one sample once."""

    text: str | None
    """The valid answer; `None` when there was none."""
    error: str | None
    """Code of the error instead."""
    cost: Money | None
    """All attempts; `None` when unknown."""
    duration_s: float | None
    """Until the answer was ready; `None` when no record says so."""
    is_from_model: bool = True
    """A model was called. An answer without one, such as a refusal for money, is not kept in a journal."""


class Journal:
    """Answers by the digest of what was asked, kept in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.answers: Mapping[str, Answer] = _read(path)
        self._file = path.open("ab")
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            self._file.write(b"\n")  # a kill may have torn the last line

    def keep(self, digest: str, answer: Answer) -> None:
        """Hand a line to the operating system: it outlives this program, not a power cut."""
        row = {
            "digest": digest,
            "text": answer.text,
            "error": answer.error,
            "cost_pico": None if answer.cost is None else answer.cost.pico,
            "duration_s": answer.duration_s,
        }
        self._file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _read(path: Path) -> dict[str, Answer]:
    found = dict[str, Answer]()
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:  # torn by a kill; its sample is asked again
            continue
        cost = None if row["cost_pico"] is None else Money(row["cost_pico"])
        found[row["digest"]] = Answer(row["text"], row["error"], cost, row["duration_s"])
    return found
