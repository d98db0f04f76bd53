"""The signals of a request: the built-in ones, and those the policy declares."""

from weighbridge.classify.keywords import has_keyword
from weighbridge.classify.reading import Reading
from weighbridge.domain.patterns import linear_pattern
from weighbridge.domain.policy import SignalKind, SignalRule
from weighbridge.domain.request import Request
from weighbridge.domain.signals import SignalValue
from weighbridge.domain.task import Task


def sizes(request: Request, reading: Reading, input_tokens: int) -> dict[str, SignalValue]:
    """What can be counted or seen."""
    return {
        "input_tokens": input_tokens,
        "input_words": len(reading.whole.split()),
        "input_chars": len(reading.whole),
        "message_count": len(request.messages),
        "has_tools": bool(request.tools),
        "is_stream": request.is_stream,
    }


def predicted(task: Task, reading: Reading) -> dict[str, SignalValue]:
    """How probable it is that only the first fallback gets this right; left out where no learned router fits."""
    if task.router is None or task.router.model is None:
        return {}
    return {"predicted_gain": task.router.model.expected_gain(reading.said, None, numbers_of(reading.said))}


def numbers_of(text: str) -> dict[str, float]:
    """What a router reads of a text beside its words."""
    return {"words": float(len(text.split())), "chars": float(len(text)), "digits": float(sum(map(str.isdigit, text)))}


def declared(
    rules: tuple[SignalRule, ...], request: Request, reading: Reading, known: dict[str, SignalValue]
) -> dict[str, SignalValue]:
    """The policy's own signals. One that cannot be computed is left out: it is unknown."""
    values = ((rule.name, _value(rule, request, reading, known)) for rule in rules)
    return {name: value for name, value in values if value is not None}


def _value(rule: SignalRule, request: Request, reading: Reading, known: dict[str, SignalValue]) -> SignalValue | None:
    match rule.kind:
        case SignalKind.INPUT_TOKENS | SignalKind.INPUT_WORDS | SignalKind.INPUT_CHARS:
            return known[rule.kind.value]
        case SignalKind.HAS_KEYWORDS:
            return has_keyword(reading.said, rule.keywords)
        case SignalKind.NO_KEYWORDS:
            return not has_keyword(reading.said, rule.keywords)
        case SignalKind.MATCHES:
            return None if rule.pattern is None else linear_pattern(rule.pattern).occurs_in(reading.said)
        case SignalKind.METADATA:
            return None if rule.key is None else request.metadata.get(rule.key)
