"""The names that a config declares, gathered before anything is checked, so that one bad row spoils no other row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weighbridge.config.positions import Document, KeyPath
from weighbridge.domain.levels import Tier
from weighbridge.domain.policy import SignalKind

SIMULATED = "simulated"
LOCAL = "local"
INSIDE = {SIMULATED: SIMULATED, LOCAL: "llama.cpp"}
"""Dialects of hosts that the gateway is, or starts, itself → their provider."""
SIGNAL_TYPES: Mapping[str, type] = {
    SignalKind.INPUT_TOKENS: int,
    SignalKind.INPUT_WORDS: int,
    SignalKind.INPUT_CHARS: int,
    SignalKind.HAS_KEYWORDS: bool,
    SignalKind.NO_KEYWORDS: bool,
    SignalKind.MATCHES: bool,
    SignalKind.METADATA: str,
}


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One selection record, not yet checked."""

    document: Document
    """The file it stands in."""
    path: KeyPath
    """Where in that file; empty when the file is the record."""
    values: Mapping[str, object]
    """The record."""
    key: str | None
    """Its name where that is a key of the main file's mapping; `None` where the record says `task` itself."""

    @property
    def name(self) -> str | None:
        """What it is called; `None` when it does not say."""
        stated = self.key if self.key is not None else self.values.get("task")
        return stated if isinstance(stated, str) else None


@dataclass(frozen=True, slots=True)
class Known:
    """What validators may refer to."""

    env: Mapping[str, str]
    """Environment variables."""
    folder: Path
    """Where the main file is: relative paths count from here."""
    hosts: tuple[str, ...]
    """Host names."""
    models: Mapping[str, str | None]
    """Model name → its tier; `None` where that cannot be told."""
    tasks: tuple[str, ...]
    """Task names."""
    keys: tuple[str, ...]
    """Names of gateway keys."""
    signals: Mapping[str, type | None]
    """Declared signal → its type; `None` where that cannot be told."""
    collections: tuple[str, ...] = ()
    """Names of collections of documents."""
    tools: tuple[str, ...] = ()
    """Names of declared tools."""


def gather(main: Document, tasks: Sequence[TaskEntry], env: Mapping[str, str], folder: Path) -> Known:
    """The names of a config whose main file could be read."""
    unread = [Path(entry.document.file).stem for entry in tasks if entry.document.is_broken]
    return Known(
        env=env,
        folder=folder,
        hosts=tuple(dict.fromkeys((*_rows(main, "hosts"), SIMULATED))),
        models={name: _tier(row) for name, row in _rows(main, "models").items()},
        tasks=tuple(dict.fromkeys([*(entry.name for entry in tasks if entry.name is not None), *unread])),
        keys=tuple(_rows(main, "keys")),
        signals={name: _signal_type(row) for name, row in _rows(main, "signals").items()},
        collections=tuple(_rows(main, "sources")),
        tools=tuple(_rows(main, "tools")),
    )


def _rows(main: Document, section: str) -> Mapping[str, object]:
    rows = main.values.get(section)
    return rows if isinstance(rows, dict) else {}


def _tier(row: object) -> str | None:
    tier = row.get("tier", Tier.BALANCED.value) if isinstance(row, dict) else None
    return tier if isinstance(tier, str) and tier in {*Tier} else None


def _signal_type(row: object) -> type | None:
    kind = row.get("kind") if isinstance(row, dict) else None
    return SIGNAL_TYPES.get(kind) if isinstance(kind, str) else None
