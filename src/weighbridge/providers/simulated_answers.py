"""What a simulated model says when nobody told it what to say: the same for the same prompt, model and seed."""

import re
from hashlib import blake2b

from weighbridge.domain.request import Request, Role
from weighbridge.providers.simulated_json import example_json
from weighbridge.providers.simulated_sources import cited_answer

SEED_MODELS = frozenset({"fast-small", "balanced-summary", "frontier-reasoning", "frontier-backup"})
"""The four models of the introductory gateway exercise, whose answers are fixed."""
UNSURE = "maybe billing or legal"
_LABELS = re.compile(r"\b(?:labels?|categories|one of|either)\b(?:\s+are|\s+is)?\s*:?\s+([^.\n]+)", re.IGNORECASE)
_BETWEEN_LABELS = re.compile(r"\s*(?:,|;|/|\||\bor\b|\band\b)\s*")
_QUOTES = "\"'`()[]{} "
_REMARKS = (
    "It concerns {topic}, and the next step is clear.",
    "In short, this is about {topic}.",
    "The main point here is {topic}; nothing else needs attention.",
)
LONGEST_TOPIC_WORDS = 8


def seed_answer(model: str, prompt: str) -> str:
    """The answer of the exercise's own mock."""
    if model == "fast-small":
        return UNSURE if "ambiguous" in prompt.lower() else "invoice"
    if model == "balanced-summary":
        return "The thread concerns a renewal blocker, a frustrated customer, and a needed account-owner follow-up."
    return "legal"


def own_answer(model: str, request: Request, seed: int) -> str:
    """JSON where a schema is asked for, a label where the instructions list some, what a source says, or a remark."""
    prompt = request.user_text
    if request.output.kind != "text":
        return example_json(request.output.schema_json, prompt)
    labels = listed_labels(request)
    cited = None if labels else cited_answer(prompt)
    if cited is not None:
        return cited
    if model in SEED_MODELS:
        answer = seed_answer(model, prompt)
        if not labels or answer in (*labels, UNSURE) or model == "balanced-summary":
            return answer
    chance = _chance(model, prompt, seed)
    if labels:
        return next((label for label in labels if label.lower() in prompt.lower()), labels[chance % len(labels)])
    topic = " ".join(prompt.split()[:LONGEST_TOPIC_WORDS]).strip(" .,:;!?") or "nothing in particular"
    return _REMARKS[chance % len(_REMARKS)].format(topic=topic)


def listed_labels(request: Request) -> list[str]:
    """The labels that the instructions list, as in `Labels are urgent, normal or low.` or `one of: a, b, c`."""
    for message in request.messages:
        if message.role in {Role.SYSTEM, Role.DEVELOPER} and (found := _LABELS.search(message.text)):
            labels = [label.strip(_QUOTES) for label in _BETWEEN_LABELS.split(found[1])]
            return [label for label in labels if label and len(label.split()) <= 3]
    return []


def _chance(model: str, prompt: str, seed: int) -> int:
    return int.from_bytes(blake2b(f"{seed}\n{model}\n{prompt}".encode(errors="replace"), digest_size=4).digest())
