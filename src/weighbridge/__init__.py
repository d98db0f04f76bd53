"""Weighbridge: an LLM gateway that can prove why each model call was made.

The rooms, in the order a request visits them: `dialects` reads the bytes, `classify` finds task, risk and
sensitivity, `context` packs the conversation, `routing` judges every model, `budget` prices, `providers` calls,
`validation` judges the answer, `pipeline.ladder` says what comes next, `store` keeps the record.
`pipeline/run.py` tells it in one page.
"""

__version__ = "0.1.0"

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighbridge.domain.errors import WeighbridgeError
    from weighbridge.domain.outcome import Outcome
    from weighbridge.pipeline.gateway import Gateway

__all__ = ["Gateway", "Outcome", "WeighbridgeError", "__version__"]

_HOMES = {
    "Gateway": "weighbridge.pipeline.gateway",
    "Outcome": "weighbridge.domain.outcome",
    "WeighbridgeError": "weighbridge.domain.errors",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `weighbridge --help` does not load a gateway."""
    if name not in _HOMES:
        raise AttributeError(f"module 'weighbridge' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
