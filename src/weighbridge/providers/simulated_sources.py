"""What a simulated model says when it is shown sources: the sentence that shares most with the question, cited."""

import re
from collections.abc import Iterator

_SOURCE = re.compile(r"<source (?P<fence>[^>]*)>\n(?P<text>.*?)\n</source>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"\w{3,}")
BELIEVED = "authoritative"


def cited_answer(prompt: str) -> str | None:
    """Of the sources that are in force, the best sentence of those with most authority; `None` without any."""
    question = _words(_SOURCE.sub(" ", prompt))
    ranked = [
        (authority == BELIEVED, _closeness(question, _words(f"{part} {sentence}")), -place, sentence, name)
        for place, (name, part, authority, text) in enumerate(_in_force(prompt))
        for sentence in _SENTENCES.split(text)
        if _WORD.search(sentence) and not sentence.startswith("#")
    ]
    if not ranked:
        return None
    *_, sentence, name = max(ranked)
    return f"{sentence.strip().rstrip('.')} [{name}]."


def _in_force(prompt: str) -> Iterator[tuple[str, str, str, str]]:
    for found in _SOURCE.finditer(prompt):
        fence = dict(_ATTRIBUTE.findall(found["fence"]))
        if fence.get("status") == "current":
            yield fence.get("id", ""), fence.get("part", ""), fence.get("authority", ""), found["text"]


def _closeness(question: set[str], sentence: set[str]) -> float:
    return len(question & sentence) ** 2 / len(sentence)


def _words(text: str) -> set[str]:
    return {word[:6] for word in _WORD.findall(text.lower())}
