"""Where an answer says that it has something from."""

from dataclasses import dataclass

from weighbridge.domain.material import Source


@dataclass(frozen=True, slots=True)
class Citation:
    """One mark or entry of an answer that names a source which the model was shown."""

    source: Source
    """What it names."""
    span: tuple[int, int] | None
    """Where the mark stands in the answer's text, in characters; `None` for an entry of a JSON field."""
    quote: str | None = None
    """The words that the answer claims to take from there."""

    @property
    def title(self) -> str:
        """For people: the heading that the passage stands under, else the id."""
        return self.source.heading[-1] if self.source.heading else self.source.id

    @property
    def address(self) -> str:
        """Where it is found: its own address, that of `GET /v1/sources/{id}`, or for what the request or a tool brought
        its name alone."""
        if self.source.url is not None:
            return self.source.url
        is_indexed = self.source.document is not None
        return f"/v1/sources/{self.source.id}" if is_indexed else f"urn:weighbridge:source:{self.source.id}"
