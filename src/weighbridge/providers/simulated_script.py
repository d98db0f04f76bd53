"""What a simulated call is told to do: the grammar of `simulate`.

A script is a list of directives divided by `;`. A `;` that belongs to a value is written twice.

    script    = directive *( ";" directive )
    directive = [ model ":" ] name [ ( "=" / ":" ) value ]

    error=STATUS           the host answers with this HTTP status, 400 to 599
    retry_after=SECONDS    ... and asks to wait; only with `error`
    timeout                no answer comes in time
    garbled                the host's bytes are not its dialect
    disconnect_after=N     the connection breaks after N pieces of the answer
    latency=SECONDS        time before the first piece
    tokens_per_s=RATE      speed of the pieces after that
    answer=TEXT            this text
    thought=TEXT           this is what the model thinks before it
    tool_call=NAME ARGS    a call of this tool instead of text: `*` for each on offer, without a name the first on
                           offer, without arguments some that fit; once its result is sent, text again
    invalid_label          text that no list of labels holds
    malformed_json         JSON that breaks off
    empty                  no text
    truncated              half of the text, finish reason `length`
    refusal                the model declines through its refusal channel
    no_logprobs            no log-probabilities, even when asked for
    no_usage               no usage

A model's name limits its directive and those after it to that model, and `*` lifts the limit:
`fast-small:error=503;retry_after=2;*:latency=0.1`. Of two directives with one name the last counts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from weighbridge.domain.policy import PortfolioModel
from weighbridge.providers.simulated_tools import ToolWish, parse_wish

LONGEST_SCRIPT = 4096


@dataclass(frozen=True, slots=True)
class Script:
    """How one call behaves; see the directives."""

    error_status: int | None = None
    retry_after_s: float | None = None
    times_out: bool = False
    is_garbled: bool = False
    disconnect_after: int | None = None
    latency_s: float = 0.0
    tokens_per_s: float | None = None
    answer: str | None = None
    thought: str = ""
    tool_call: ToolWish | None = None
    finds_no_label: bool = False
    breaks_json: bool = False
    is_empty: bool = False
    is_truncated: bool = False
    refuses: bool = False
    hides_logprobs: bool = False
    hides_usage: bool = False


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive, read."""

    model: str | None
    """The model it is limited to."""
    field: str
    """The field of `Script` that it sets."""
    value: object
    """To what."""


def _flag(text: str) -> bool:
    if text:
        raise ValueError
    return True


def _number(text: str, least: float, most: float) -> float:
    number = float(text)
    if not least <= number <= most:
        raise ValueError
    return number


def _status(text: str) -> int:
    return int(_number(str(int(text)), 400, 599))


def _count(text: str) -> int:
    return int(_number(str(int(text)), 0, 1_000_000))


def _seconds(text: str) -> float:
    return _number(text, 0, 86_400)


def _rate(text: str) -> float:
    return _number(text, 0.001, 1e9)


_ALONE = "written alone, without a value"
_DIRECTIVES: Mapping[str, tuple[str, Callable[[str], object], str]] = {
    "error": ("error_status", _status, "an HTTP status from 400 to 599"),
    "retry_after": ("retry_after_s", _seconds, "seconds from 0 to 86400"),
    "timeout": ("times_out", _flag, _ALONE),
    "garbled": ("is_garbled", _flag, _ALONE),
    "disconnect_after": ("disconnect_after", _count, "a number of pieces"),
    "latency": ("latency_s", _seconds, "seconds from 0 to 86400"),
    "tokens_per_s": ("tokens_per_s", _rate, "a number from 0.001 on"),
    "answer": ("answer", str, "text"),
    "thought": ("thought", str, "text"),
    "tool_call": ("tool_call", parse_wish, "a tool's name and perhaps its arguments"),
    "invalid_label": ("finds_no_label", _flag, _ALONE),
    "malformed_json": ("breaks_json", _flag, _ALONE),
    "empty": ("is_empty", _flag, _ALONE),
    "truncated": ("is_truncated", _flag, _ALONE),
    "refusal": ("refuses", _flag, _ALONE),
    "no_logprobs": ("hides_logprobs", _flag, _ALONE),
    "no_usage": ("hides_usage", _flag, _ALONE),
}
_DIRECTIVE = re.compile(
    rf"(?:(?P<model>[^=\s]+?):)??(?P<name>{'|'.join(_DIRECTIVES)})(?:\s*[=:]\s*(?P<value>.*))?", re.DOTALL
)
_DIVIDER = re.compile(r"(?<!;);(?!;)")


@lru_cache(maxsize=256)
def parse_script(text: str) -> tuple[Directive, ...]:
    """Read a script. Raises ValueError that quotes the directive at fault and lists the valid ones."""
    if len(text) > LONGEST_SCRIPT:
        raise ValueError(f"a script has at most {LONGEST_SCRIPT} characters")
    found: list[Directive] = []
    model: str | None = None
    for part in filter(None, map(str.strip, _DIVIDER.split(text))):
        match = _DIRECTIVE.fullmatch(part)
        if match is None:
            raise ValueError(f"{part[:40]!r} is no directive; valid are {', '.join(_DIRECTIVES)}")
        model = match["model"] or model
        found.append(_read(None if model == "*" else model, match["name"], (match["value"] or "").replace(";;", ";")))
    return tuple(found)


def _read(model: str | None, name: str, text: str) -> Directive:
    field, convert, expected = _DIRECTIVES[name]
    try:
        return Directive(model, field, convert(text))
    except ValueError:
        raise ValueError(f"{name} must be {expected}, not {text[:40]!r}") from None


def apply_script(script: Script, directives: tuple[Directive, ...], model: PortfolioModel) -> Script:
    """`script` with the directives that hold for `model`, by its portfolio name or its name on the host."""
    names = {None, model.name, model.upstream_name}
    changes = {item.field: item.value for item in directives if item.model in names}
    return replace(script, **changes) if changes else script  # type: ignore[arg-type] # each read by its own row
