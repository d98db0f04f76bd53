"""What a caller gets."""

from dataclasses import dataclass

from weighbridge.domain.money import Money
from weighbridge.domain.rate import RateStanding
from weighbridge.domain.record import Record
from weighbridge.domain.response import Response


@dataclass(frozen=True, slots=True)
class Outcome:
    """A valid answer and the record that justifies it."""

    response: Response
    """The accepted answer."""
    record: Record
    """Already on disk when you hold this."""
    rates: tuple[RateStanding, ...] = ()
    """What rate limits leave to the caller."""

    @property
    def text(self) -> str:
        """The answer."""
        return self.response.text

    @property
    def model(self) -> str:
        """Portfolio name of the model that really served."""
        return self.record.served_model or self.response.model

    @property
    def cost(self) -> Money | None:
        """All attempts together; `None` when a price or usage is unknown."""
        return self.record.cost

    @property
    def reason(self) -> str:
        """Why this route, in one sentence."""
        return self.record.decision.sentence if self.record.decision else ""
