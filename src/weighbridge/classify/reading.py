"""The texts of a request that classification looks at, read once."""

from dataclasses import dataclass

from weighbridge.domain.request import Request, Role

INSTRUCTING = frozenset({Role.SYSTEM, Role.DEVELOPER})


@dataclass(frozen=True, slots=True)
class Reading:
    """One request, in three cuts."""

    whole: str
    """Everything the model would read: for sizes and detectors."""
    said: str
    """Without system and developer messages, which name words only to explain them: for keyword signals."""
    asked: str
    """The newest user message: what recognises the task."""

    @classmethod
    def of(cls, request: Request) -> "Reading":
        """All three."""
        texts = [(message.role, message.text) for message in request.messages]
        whole = "\n".join(text for _, text in texts)
        said = "\n".join(text for role, text in texts if role not in INSTRUCTING)
        asked = next((text for role, text in reversed(texts) if role is Role.USER), "")
        return cls(whole, said, asked)
