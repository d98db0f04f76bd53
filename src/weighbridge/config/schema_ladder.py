"""What one request may use, how sure its answer has to be, and what happens when there is no good one."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from weighbridge.config.fields import (
    Count,
    Delay,
    Flag,
    ModelReference,
    Name,
    Patience,
    Row,
    Seconds,
    SecretReference,
    Text,
    Usd,
    number,
    wrong,
)
from weighbridge.domain.task import ConfidenceSource, OnExpiry, TooLong

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _safe_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        is_safe = False
    if not is_safe or not parts.hostname or parts.username:
        raise wrong("an https:// address without a user name, or an http:// one of this machine")
    return value


class LimitsRow(Row):
    """Bounds on what one request may use."""

    max_input_tokens: Count | None = None
    """Longest input; without it the models' windows are the limit."""
    max_output_tokens: Count = 1024
    """Longest answer, also the figure that money is held for."""
    max_cost_usd: Usd | None = None
    """Dearest acceptable estimate for one attempt, in US dollars."""
    deadline_s: Seconds = 60.0
    """Seconds for all attempts together."""
    max_attempts: Annotated[int, Field(strict=True, ge=1, le=20)] = 3
    """Calls to providers, all models together."""
    max_repairs: Annotated[int, Field(strict=True, ge=0, le=5)] = 0
    """How often one model is told what is wrong with its answer before the next is asked; each counts as an attempt."""
    max_retries: Annotated[int, Field(strict=True, ge=0, le=10)] = 1
    """How often the last candidate is called again after a fault that may pass; each counts as an attempt."""
    retries_before_fallback: Annotated[int, Field(strict=True, ge=0, le=10)] = 0
    """The same for a candidate that has another one after it."""
    max_request_cost_usd: Usd | None = None
    """The most that all attempts together may cost, in US dollars; an unknown cost counts as its estimate."""
    hedge_after_s: Seconds | None = None
    """Seconds after which a call without an answer gets company: the next candidate is called too, the first good
    answer wins, and what the other one cost is in the record. Without it, never."""
    when_too_long: TooLong = TooLong.REFUSE
    """What becomes of input over the limit: `refuse` it, `compact` the conversation by leaving out its oldest messages,
    or have a model write down their `state` (see `conversation`)."""


class ConfidenceRow(Row):
    """Where an answer's `confidence` comes from."""

    source: ConfidenceSource = ConfidenceSource.LOGPROBS
    """`logprobs` of the provider, agreement of several `samples`, or a `verifier` model's opinion."""
    samples: Annotated[int, Field(strict=True, ge=2, le=9)] = 3
    """For `samples`: how many answers are compared, the given one included. Each is paid for."""
    temperature: Annotated[float, Field(gt=0, le=2)] = 0.7
    """For `samples`: what the further ones are drawn with."""
    verifier: ModelReference | None = None
    """For `verifier`: the model that is asked. It sees the request, and is asked only where it may."""

    @model_validator(mode="after")
    def _names_its_verifier(self) -> "ConfidenceRow":
        if (self.source is ConfidenceSource.VERIFIER) != (self.verifier is not None):
            raise wrong("a verifier model together with `source: verifier`, and only then")
        return self


class DegradeRow(Row):
    """What happens when no model gave a valid answer."""

    answer: Text
    """Given in its place, marked as degraded; it must be a valid answer itself."""


class WebhookRow(Row):
    """Who is told when an item is decided or expires."""

    url: Annotated[Text, AfterValidator(_safe_url)]
    """An `https://` address, or an `http://` one of this machine."""
    secret: SecretReference
    """Signs what is told, by the Standard Webhooks scheme: `whsec_` and 24 to 64 bytes in base64."""


class CanaryRow(Row):
    """A model that takes the primary's place for a part of the traffic, until its proof ends."""

    model: ModelReference
    """A model that is neither primary nor fallback."""
    share: Annotated[float, Field(gt=0, lt=1), BeforeValidator(number)]
    """Of the task's requests."""


class ShadowRow(Row):
    """A model that answers a sample of requests again, without anybody getting its answer."""

    model: ModelReference
    """The challenger."""
    share: Annotated[float, Field(gt=0, le=1), BeforeValidator(number)]
    """Of the task's answered requests."""
    daily_budget_usd: Usd
    """The most that challenger and judge may cost together in one day (UTC), in US dollars."""
    judge: Name | None = None
    """The quality gate's scorer of kind `judge` that compares both answers in both orders; without it nobody does."""


class ReviewWhen(StrEnum):
    """At which moment a person is asked."""

    FAILURE = "failure"
    ALWAYS = "always"


class ReviewRow(Row):
    """When a person decides on an answer."""

    when: ReviewWhen = ReviewWhen.FAILURE
    """`failure`: when the ladder found no valid answer; `always`: before any answer is given."""
    deadline_s: Patience = 86_400.0
    """Seconds that people have, up to 90 days."""
    lock_s: Seconds = 900.0
    """Seconds for which a claim keeps others away."""
    wait_s: Delay = 0.0
    """Seconds that the call itself waits for the decision; 0 tells the caller at once where to ask."""
    four_eyes: Flag = False
    """An approval or correction counts once a second person approved it."""
    on_expiry: OnExpiry = OnExpiry.REFUSE
    """`refuse`, or `degrade` to the task's declared answer, when nobody decided in time."""
    webhook: WebhookRow | None = None
    """Who is told."""

    @model_validator(mode="after")
    def _waits_no_longer_than_people_have(self) -> "ReviewRow":
        if self.wait_s > self.deadline_s:
            raise wrong("a wait_s up to deadline_s")
        return self
