"""Times as records write them."""

from datetime import datetime


def rfc3339(moment: datetime) -> str:
    """UTC with microseconds; the order as text is the order of time."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
