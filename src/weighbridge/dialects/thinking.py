"""How much a model is to think, as the formats say it."""

from collections.abc import Mapping

from weighbridge.domain.reasoning import Effort, Reasoning, ReasoningStyle

_EFFORTS: Mapping[object, Effort] = {effort.value: effort for effort in Effort}
Wire = dict[str, object]


def parse_effort(value: object) -> Effort | None:
    """A word; `None` where there is none, or one that only the host may know."""
    return _EFFORTS.get(value) if type(value) is str else None


def anthropic_fields(wanted: Reasoning | None, style: ReasoningStyle | None, output_limit: int) -> Wire:
    """`thinking` and `effort` for a model of Anthropic's; nothing where it is not to be told, or has no room to think.
    https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking"""
    if wanted is None or style is None or wanted.is_off:
        return {}
    if style is ReasoningStyle.ADAPTIVE:
        return {"thinking": {"type": "adaptive"}, "effort": _anthropic_word(wanted.word)}
    if style is ReasoningStyle.EFFORT:
        return {"effort": _anthropic_word(wanted.word)}
    budget = wanted.tokens(output_limit)
    return {} if budget is None else {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _anthropic_word(word: Effort) -> str:
    return Effort.LOW.value if word is Effort.MINIMAL else word.value


def gemini_config(wanted: Reasoning | None, style: ReasoningStyle | None) -> Wire | None:
    """`thinkingConfig`: https://ai.google.dev/gemini-api/docs/thinking. A budget of 0 switches thinking off."""
    if wanted is None or style is None:
        return None
    shown = {} if wanted.is_off else {"includeThoughts": True}
    if style is ReasoningStyle.BUDGET:
        return {"thinkingBudget": 0 if wanted.is_off else wanted.tokens(2**31), **shown}
    levels = {Effort.NONE: "minimal", Effort.XHIGH: "high", Effort.MAX: "high"}
    return {"thinkingLevel": levels.get(wanted.word, wanted.word.value), **shown}
