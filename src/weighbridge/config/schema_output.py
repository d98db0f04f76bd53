"""What a valid answer is."""

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from weighbridge.config.fields import Count, Flag, Name, Pattern, Row, SchemaText, Text, Texts, wrong
from weighbridge.domain.task import Forbidden


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Languages = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]], BeforeValidator(_as_list), Field(min_length=1)
]


class CitationsRow(Row):
    """How an answer says where it has things from."""

    required: Flag = True
    """At least one citation."""
    every_sentence: Flag = False
    """One in each sentence of a text answer."""
    field: Text | None = None
    """Of a JSON answer: the field with the sources' ids. Without it: marks such as `[policy-3]` in the text."""


class OutputRow(Row):
    """What a valid answer is; a part that is left out is not checked."""

    labels: Texts | None = None
    """The allowed answers, compared without case and surrounding space."""
    synonyms: dict[Text, Texts] = Field(default_factory=dict)
    """Label → what else a model may say for it; the label is given in its place."""
    min_words: Count | None = None
    """Fewest words."""
    max_words: Count | None = None
    """Most words."""
    max_tokens: Count | None = None
    """Most tokens, by the serving model's tokenizer."""
    json_schema: SchemaText | None = None
    """JSON Schema of the answer, without references to elsewhere."""
    required_fields: Texts | None = None
    """Top-level fields that a JSON answer must have, with a value other than null."""
    pattern: Pattern | None = None
    """Regular expression in linear-time syntax that occurs in the answer."""
    language: Languages | None = None
    """ISO 639-1 code, or a list of them; answers of fewer than 30 letters are not judged."""
    citations: CitationsRow | None = None
    """How the answer cites the sources that the request brings along."""
    forbid: list[Forbidden] = Field(default_factory=list)
    """`secrets`, `personal` (data of a kind that the request did not hold) and `instructions` (the task's own)."""
    checks: list[Name] = Field(default_factory=list)
    """Names of your own checks in Python, from the entry-point group `weighbridge.checks`."""

    @field_validator("synonyms")
    @classmethod
    def _each_means_one_label(cls, value: dict[str, list[str]], info: ValidationInfo) -> dict[str, list[str]]:
        labels = info.data.get("labels") or []
        for label in value:
            if label not in labels:
                raise wrong(f"labels of this task, which {label!r} is not")
        said = [text.strip().casefold() for text in (*labels, *(word for words in value.values() for word in words))]
        if len(said) != len(set(said)):
            raise wrong("texts that each mean one label, and are no label themselves")
        return value

    @field_validator("max_words")
    @classmethod
    def _not_below_the_fewest(cls, value: int | None, info: ValidationInfo) -> int | None:
        fewest = info.data.get("min_words")
        if value is not None and fewest is not None and value < fewest:
            raise wrong(f"at least min_words, which is {fewest}")
        return value
