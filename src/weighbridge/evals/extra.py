"""The libraries of the extra `evals`, imported where they are first needed."""

from importlib import import_module
from types import ModuleType

from weighbridge.domain.errors import CommandError


def extra(name: str) -> ModuleType:
    """A module of the extra, such as `scipy.stats`. Raises CommandError when it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        raise CommandError(f"This needs {name}.", advice="pip install weighbridge[evals]") from None
