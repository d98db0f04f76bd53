"""The settings of a simulated host, read from the config once."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from weighbridge.domain.request import Request
from weighbridge.providers.simulated_script import Directive, Script, parse_script


class CannedAnswer(BaseModel):
    """A row of `answers`: the first that fits is given."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    answer: str = Field(description="The text to answer with.")
    contains: str = Field("", description="The last user message holds this, in any case.")
    model: str | None = Field(None, description="For this model only.")

    def fits(self, model: str, request: Request) -> bool:
        """May answer this request."""
        return self.model in {None, model} and self.contains.lower() in request.user_text.lower()


class SimulatedOptions(BaseModel):
    """What `options` of a host with the dialect `simulated` may hold."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    latency_s: float = Field(0.0, ge=0, le=86_400, description="Time before the first piece of every answer.")
    tokens_per_s: float | None = Field(None, ge=0.001, le=1e9, description="Speed of the pieces; at once without it.")
    answer: str | None = Field(None, description="The answer to everything.")
    answers: list[CannedAnswer] = Field([], description="Answers by content and model; tried before `answer`.")
    seed: int = Field(0, description="Another seed, other generated answers.")
    simulate: str = Field("", description="A script for every call, before the request's own.")

    @field_validator("simulate")
    @classmethod
    def _is_script(cls, text: str) -> str:
        parse_script(text)
        return text

    @property
    def script(self) -> Script:
        """What holds before any directive."""
        return Script(latency_s=self.latency_s, tokens_per_s=self.tokens_per_s)

    @property
    def directives(self) -> tuple[Directive, ...]:
        """The script for every call."""
        return parse_script(self.simulate)

    def canned(self, model: str, request: Request) -> str | None:
        """The canned answer to this request, if there is one."""
        return next((row.answer for row in self.answers if row.fits(model, request)), self.answer)


def read_options(options: Mapping[str, object]) -> SimulatedOptions:
    """Read them. Raises ValueError that names everything wrong at once."""
    try:
        return SimulatedOptions.model_validate(dict(options))
    except ValidationError as error:
        raise ValueError("; ".join(_sentence(problem["loc"], problem["msg"]) for problem in error.errors())) from None


def check_options(options: Mapping[str, object]) -> list[str]:
    """Everything wrong with them, one sentence each; empty when they are fine."""
    try:
        SimulatedOptions.model_validate(dict(options))
    except ValidationError as error:
        return [_sentence(problem["loc"], problem["msg"]) for problem in error.errors()]
    return []


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    if message.startswith("Extra inputs"):
        return f"{place[0]!r} is no option; valid are {', '.join(SimulatedOptions.model_fields)}"
    return f"{'.'.join(map(str, place))}: {message}"
