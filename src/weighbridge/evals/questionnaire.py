"""What `weighbridge advise` asks: a page of YAML, or the same questions on a terminal."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from weighbridge.config.checking import check_row
from weighbridge.config.fields import Count, Flag, Name, Row, Seconds, Texts, wrong
from weighbridge.config.positions import read_document
from weighbridge.domain.errors import ConfigError
from weighbridge.domain.levels import Risk, Sensitivity


class Shape(StrEnum):
    """What an answer is."""

    LABEL = "label"
    FIELDS = "fields"
    TEXT = "text"


class Knowledge(StrEnum):
    """What an answer depends on beside the request itself."""

    NONE = "none"
    STABLE = "stable"
    CHANGING = "changing"


class Questionnaire(Row):
    """A task, as the people who want it describe it."""

    task: Name
    """What is the task called?"""
    risk: Risk
    """How bad would a wrong answer be: low, medium or high?"""
    shape: Shape
    """Is an answer one label of a list, fields of JSON, or text?"""
    labels: Texts | None = None
    """Which labels? Only for shape label."""
    fields: Texts | None = None
    """Which fields? Only for shape fields."""
    reasoning: Flag = False
    """Does it take several steps of reasoning, planning or code?"""
    knowledge: Knowledge = Knowledge.NONE
    """Does it depend on your documents: none, stable, or changing ones?"""
    live_state: Flag = False
    """Does it depend on live state, such as an account or an order?"""
    fixed_style: Flag = False
    """Must every answer follow one tone or format that is hard to describe?"""
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    """How far may the content travel: public, internal, confidential or restricted?"""
    may_leave: Flag = True
    """May the content go to a hosted provider at all?"""
    runs_models: Flag = False
    """Can your team run models itself: capacity, updates, incidents?"""
    monthly_requests: Count = 10_000
    """How many requests a month?"""
    deadline_s: Seconds = 30.0
    """After how many seconds is an answer of no use any more?"""
    repeats: Flag = False
    """Do the same questions come again and again?"""
    good_examples: Annotated[int, Field(strict=True, ge=0, le=10**9)] = 0
    """How many right answers do you have at hand, of cases like tomorrow's?"""

    @model_validator(mode="after")
    def _says_what_belongs_to_its_shape(self) -> "Questionnaire":
        if (self.labels is not None) != (self.shape is Shape.LABEL):
            raise wrong("labels together with shape label, and only then")
        if (self.fields is not None) != (self.shape is Shape.FIELDS):
            raise wrong("fields together with shape fields, and only then")
        return self


def read_questionnaire(path: Path) -> Questionnaire:
    """Read a filled page. Raises ConfigError with everything that is wrong."""
    document = read_document(path)
    if document.is_broken:
        raise ConfigError(document.problems)
    row, problems = check_row(Questionnaire, document.values, document, (), None)
    if row is None:
        raise ConfigError(problems)
    return row


def template() -> str:
    """The page to fill, each question above its key."""
    lines = list[str]()
    for name, field in Questionnaire.model_fields.items():
        lines.append(f"# {field.description}")
        lines.append(f"{name}:" if field.is_required() else f"# {name}: {_written(field.default)}")
    return "\n".join(lines) + "\n"


def interview(ask: Callable[[str], str]) -> str:
    """Ask question by question; the filled page. An empty reply leaves the default."""
    lines, shape = list[str](), ""
    for name, field in Questionnaire.model_fields.items():
        if name in {"labels", "fields"} and f"{shape}s" not in {name, f"{name}s"}:
            continue
        default = "" if field.is_required() or field.default is None else f" [{_written(field.default)}]"
        reply = ask(f"{field.description}{default} ").strip()
        if name == "shape":
            shape = reply
        if reply:
            lines.append(f"{name}: {_list(reply) if name in {'labels', 'fields'} else _flag(reply)}")
    return "\n".join(lines) + "\n"


def _list(reply: str) -> str:
    return f"[{', '.join(part.strip() for part in reply.strip('[]').split(',') if part.strip())}]"


def _flag(reply: str) -> str:
    return {"yes": "true", "y": "true", "no": "false", "n": "false"}.get(reply.casefold(), reply)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
