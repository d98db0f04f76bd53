"""What was done and by whom, chained so that nothing can be changed or taken out unseen."""

import hashlib
from dataclasses import dataclass

ORIGIN = "0" * 64
"""What the first entry is chained to."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done."""

    actor: str
    """The key's name, or `operator:` and a login name."""
    action: str
    """Such as `key.created` or `request`."""
    subject: str
    """What it was done to: a key's name, a record's id."""
    detail: str = ""
    """JSON of what changed; for a request the sha256 of its record."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A deed in the chain."""

    number: int
    """From 1, without gaps."""
    at: str
    """RFC 3339, UTC."""
    deed: Deed
    """What was done."""
    chained: str
    """sha256 over the entry before and everything above, in hexadecimal digits."""


def chain(before: str, at: str, deed: Deed) -> str:
    """The digest that binds a deed to all before it. Lengths stand before texts, so that no two entries read alike."""
    parts = (before, at, deed.actor, deed.action, deed.subject, deed.detail)
    whole = b"".join(b"%d:%b" % (len(part), part) for part in (text.encode() for text in parts))
    return hashlib.sha256(whole).hexdigest()
