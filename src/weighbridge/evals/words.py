"""Figures as people read them, the same in tables, pages and messages."""


def figure(value: float | None) -> str:
    """Four significant digits."""
    return "unknown" if value is None else f"{value:.4g}"


def rough(value: float | None) -> str:
    """Three significant digits."""
    return "unknown" if value is None else f"{value:.3g}"


def percent(value: float | None) -> str:
    """A share."""
    return "unknown" if value is None else f"{value:.1%}"


def between(value: float | None, low: float | None, high: float | None, sign: str = "") -> str:
    """A value with its interval, where that can be told; `sign` may be `+`."""
    if value is None:
        return "unknown"
    told = f"{value:{sign}.3f}"
    return told if low is None or high is None else f"{told} ({low:{sign}.3f} to {high:{sign}.3f})"
