"""The journal: one line an answer, written before it counts, so that a killed evaluation goes on where it stopped."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

import orjson

from weighbridge.domain.money import Money


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking one sample once."""

    text: str | None
    """The valid answer; `None` when there was none."""
    error: str | None = None
    """Code of the error instead."""
    cost: Money | None = None
    """All attempts; `None` when unknown."""
    duration_s: float | None = None
    """Until the answer was ready; `None` when no record says so."""
    findings: tuple[str, ...] = ()
    """What was wrong with the last attempt's answer."""
    calls: int = 1
    """Attempts: more than one where the gateway repaired or tried again."""
    is_first_valid: bool = True
    """The first attempt's answer was valid."""
    input_tokens: int | None = None
    """All attempts; `None` when unknown."""
    output_tokens: int | None = None
    """All attempts; `None` when unknown."""
    confidence: float | None = None
    """Of the answer; `None` when unknown."""
    served_by: str | None = None
    """The model version that the host reported."""
    asked_at: str | None = None
    """UTC, RFC 3339; `None` where no record says when."""
    is_refusal: bool = False
    """The model, or its host for reasons of content, refused to answer."""
    is_fault: bool = False
    """The model was not heard: no call was made, or the host failed. It says nothing of quality and is not kept."""


_FIELDS = tuple(field.name for field in fields(Answer) if field.name not in {"cost", "is_fault"})


class Journal:
    """Answers by the digest of what was asked, kept in a file of JSON lines."""

    def __init__(self, path: Path, since: datetime | None = None) -> None:
        """Open it; answers from before `since` do not count, nor do those whose time is unknown."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.answers: Mapping[str, Answer] = _read(path, since)
        self._file = path.open("ab")
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            self._file.write(b"\n")  # a kill may have torn the last line

    def keep(self, digest: str, answer: Answer) -> None:
        """Hand a line to the operating system: it outlives this program, not a power cut."""
        row: dict[str, object] = {name: getattr(answer, name) for name in _FIELDS}
        row |= {"digest": digest, "cost_pico": None if answer.cost is None else answer.cost.pico}
        self._file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _read(path: Path, since: datetime | None) -> dict[str, Answer]:
    found = dict[str, Answer]()
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            row = orjson.loads(line)
            digest, pico = row.pop("digest"), row.pop("cost_pico")
            findings = tuple(row.pop("findings"))
            answer = Answer(cost=None if pico is None else Money(pico), findings=findings, **row)
            if since is None or (answer.asked_at and datetime.fromisoformat(answer.asked_at) >= since):
                found[digest] = answer
        except (orjson.JSONDecodeError, KeyError, TypeError):  # torn by a kill, or of an older version: asked again
            continue
    return found
