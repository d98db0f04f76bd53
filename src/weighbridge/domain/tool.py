"""A declared way to ask for live state."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from weighbridge.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class DeclaredTool:
    """A tool that the gateway itself calls. Exactly one of `url` and `function` is there."""

    name: str
    """What models call it; its result is cited as `tool:<name>`."""
    description: str
    """What it is for, for models."""
    parameters: Mapping[str, str]
    """Parameter → what it is, for models. Every one is text and required; the metadata of that name fills it."""
    url: str | None = None
    """Where, with `{parameter}` in path or query."""
    method: str = "GET"
    """GET, or POST with the arguments as a JSON object."""
    headers: Mapping[str, Secret | str] = field(default_factory=dict)
    """Sent along."""
    function: str | None = None
    """Name in the entry-point group `weighbridge.tools`."""
    timeout_s: float = 5.0
    """Longest wait for its result."""
    most_chars: int = 8_000
    """A longer result is an error: half a result would be taken for the whole."""

    @property
    def citation(self) -> str:
        """What an answer cites."""
        return f"tool:{self.name}"


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What came of asking a tool: a result, or why there is none."""

    text: str | None
    """The result."""
    error: str | None = None
    """In a few words without content, such as `status 503`."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents that belong together."""

    name: str
    """What tasks call it."""
    path: str | None = None
    """Folder or file that `weighbridge sources add` reads without being told where."""
    is_watched: bool = False
    """The serving gateway looks for changed files by itself."""
    vectors: str | None = None
    """The task whose model makes vectors of its passages; `None`: they are found by their words alone."""
    labels: Mapping[str, object] = field(default_factory=dict)
    """What holds for its documents that do not say otherwise."""
