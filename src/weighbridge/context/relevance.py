"""How much of what is asked a passage holds."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

import Stemmer

from weighbridge.domain.request import Message, Role

_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile(r"[\u0300-\u036f]+")
_PORTER = Stemmer.Stemmer("porter")
"""The same algorithm as the index's own (Porter, "An algorithm for suffix stripping", Program 14(3), 1980)."""
MOST_TERMS = 64
MOST_ASKED_OF_ONE = 8
LEAST_WEIGHT = 0.5
FEWEST_TERMS = 3
LONGEST_CHARS = 20_000
"""Of a longer question the beginning is looked at."""

_ASKING = (
    "a about above after again against all am an and any are as at be because been before being below between both but "
    "by can could did do does doing down during each few for from further get had has have having he her here hers him "
    "his how i if in into is it its itself just know let like many may me might more most much must my no nor not now "
    "of off on once only or other our ours out over own please same shall she should so some such tell than that the "
    "their theirs them then there these they this those through to too under until up us very want was we were what "
    "when where which while who whom whose why will with would you your yours"
)
ASKING = frozenset(_ASKING.split(" "))
"""Words that shape a question and do not say what it is about."""


def question_of(messages: Sequence[Message]) -> tuple[str, str]:
    """What to search for: the newest user message; and the one before it where the newest says little by itself ("And
    for gold customers?"), else nothing."""
    said = [message.text for message in messages if message.role is Role.USER and message.text.strip()]
    if not said:
        return "", ""
    is_short = len(said) > 1 and len(terms_of(said[-1])) < FEWEST_TERMS
    return said[-1], said[-2] if is_short else ""


def terms_of(question: str) -> tuple[str, ...]:
    """The words that say what is asked, each once, in order; all words where none says anything else."""
    words = dict.fromkeys(_WORD.findall(fold(question[:LONGEST_CHARS])))
    telling = [word for word in words if word not in ASKING and (len(word) > 1 or word.isdigit())]
    return tuple(telling or words)[:MOST_TERMS]


def weight(document_count: int, holding: int) -> float:
    """What it tells that a term is there: much, if few passages hold it (Robertson-Sparck Jones, never negative), and
    something even if all do, as they may where there are few."""
    return LEAST_WEIGHT + math.log(1.0 + (document_count - holding + 0.5) / (holding + 0.5))


def relevance(weights: Mapping[str, float], text: str) -> float:
    """The share of the question's weight whose terms stand in `text`: 0 none, 1 all of them. `weights` is by stem.

    A long message tells a story around its question: as much as its eight weightiest words is all that is asked of one
    passage.
    """
    whole = sum(sorted(weights.values(), reverse=True)[:MOST_ASKED_OF_ONE])
    held = sum(weights[stem] for stem in sorted(weights.keys() & stems_of(text)))
    return min(1.0, held / whole) if whole > 0.0 else 0.0


def stems_of(text: str) -> set[str]:
    """The stems of all words."""
    return set(map(stem, set(_WORD.findall(fold(text)))))


def stemmed(text: str) -> str:
    """Each word's stem in turn, with a space between."""
    return " ".join(map(stem, _WORD.findall(fold(text))))


def fold(text: str) -> str:
    """Without case and marks above letters, as the index has it."""
    lowered = text.lower()
    return lowered if lowered.isascii() else _MARKS.sub("", unicodedata.normalize("NFKD", lowered))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """What a word's forms have in common."""
    return str(_PORTER.stemWord(word))
