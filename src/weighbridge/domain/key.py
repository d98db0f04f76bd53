"""Keys that the gateway made and keeps, as far as anybody may know them again."""

from dataclasses import dataclass
from enum import StrEnum

from weighbridge.domain.caller import Caller

MAY = ("pin", "audit", "review", "edit_sources", "admin")
"""What a key may be allowed to do beside calling: fields `may_...` of its `Caller`."""


class KeyState(StrEnum):
    """Whether a key opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One key. The key itself was shown once; what is kept is a keyed hash that nobody can turn back."""

    id: str
    """`key_` and a time-ordered identifier."""
    caller: Caller
    """Who holds it, and what it may do."""
    hint: str
    """The key's last four characters, to tell keys apart."""
    created_at: str
    """RFC 3339, UTC."""
    owner: str | None = None
    """Who answers for it."""
    expires_at: str | None = None
    """RFC 3339, UTC; `None`: never by itself."""
    revoked_at: str | None = None
    """RFC 3339, UTC; `None`: it is not revoked."""

    def state(self, now: str) -> KeyState:
        """At `now` (RFC 3339)."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        is_over = self.expires_at is not None and self.expires_at <= now
        return KeyState.EXPIRED if is_over else KeyState.ACTIVE


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that was made just now: the one time that it can be read."""

    key: StoredKey
    """What is kept of it."""
    secret: str
    """The key."""


@dataclass(frozen=True, slots=True)
class WantedKey:
    """A key as somebody asks for it."""

    caller: Caller
    """Who will hold it, and what it may do."""
    owner: str | None = None
    """Who answers for it."""
    expires_in_s: int | None = None
    """Seconds; `None`: never by itself."""
