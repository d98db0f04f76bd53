"""Whether an answer says where it has things from, and whether that is so.

Marks stand in the text as `[source-id]`. In a JSON answer a named field holds the ids, as texts or as objects with
`source` and, if one likes, `quote`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jiter

from weighbridge.domain.citation import Citation
from weighbridge.domain.material import Source
from weighbridge.domain.task import CitationRule
from weighbridge.domain.verdict import Finding, FindingCode
from weighbridge.validation.schema import shorten

_MARK = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9_.:/-]{0,99})\]")
_QUOTE = re.compile(r"[“\"]([^“”\"\n]{1,2000})[”\"][^\[\]\n.!?]{0,40}\[([A-Za-z0-9][A-Za-z0-9_.:/-]{0,99})\]")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?:\s*\[[^\]\n]{1,100}\])*+(?:\s+|$)|\n+")
FEWEST_QUOTED_WORDS = 3
"""Fewer words in quotation marks are a name or a term, not a quote."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim to have something from somewhere."""

    source: str
    quote: str | None
    place: str = ""
    span: tuple[int, int] | None = None


def citation_findings(text: str, rule: CitationRule, sources: Sequence[Source]) -> Iterator[Finding]:
    """What is wrong with the citations of `text`."""
    known = _by_name(sources)
    cited = list(_in_field(text, rule.field) if rule.field else _in_text(text))
    if rule.is_required and not cited:
        yield Finding(FindingCode.CITATION_MISSING, f"The answer cites nothing; {_how(rule)}.")
        return
    for citation in cited:
        yield from _of(citation, known)
    if rule.is_every_sentence and not rule.field:
        for sentence in _uncited(text):
            where = shorten(sentence, 60)
            yield Finding(FindingCode.CITATION_MISSING, f"The sentence “{where}” cites nothing; {_how(rule)}.")


def citations_in(text: str, rule: CitationRule, sources: Sequence[Source]) -> tuple[Citation, ...]:
    """The citations of `text` that name a source which was shown, in their order."""
    known = _by_name(sources)
    claims = _in_field(text, rule.field) if rule.field else _in_text(text)
    return tuple(Citation(known[item.source], item.span, item.quote) for item in claims if item.source in known)


def _by_name(sources: Sequence[Source]) -> dict[str, Source]:
    """By id; a document's id stands for its first passage in force."""
    known = {source.document: source for source in reversed(sources) if source.document and not source.is_deprecated}
    return known | {source.id: source for source in sources}


def cited_ids(text: str, field: str | None) -> set[str]:
    """The ids that an answer cites, in marks or in a field of its JSON."""
    return {citation.source for citation in (_in_field(text, field) if field else _in_text(text))}


def _of(citation: Claim, known: dict[str, Source]) -> Iterator[Finding]:
    name = shorten(citation.source, 60)
    source = known.get(citation.source)
    if source is None:
        told = ", ".join(known) or "none"
        yield Finding(
            FindingCode.CITATION_UNKNOWN,
            f"{name!r} is no source that was given ({shorten(told, 200)}).",
            citation.place,
        )
    elif source.is_deprecated:
        yield Finding(FindingCode.CITATION_DEPRECATED, f"{name!r} is out of date and may not be cited.", citation.place)
    elif citation.quote is not None and _plain(citation.quote) not in _plain(source.text):
        quote = shorten(citation.quote, 60)
        yield Finding(FindingCode.QUOTE_NOT_FOUND, f"“{quote}” does not stand in {name!r}.", citation.place)


def _in_text(text: str) -> Iterator[Claim]:
    quotes = {(match[2], match.end()): match[1] for match in _QUOTE.finditer(text)}
    for mark in _MARK.finditer(text):
        quote = quotes.get((mark[1], mark.end()))
        is_quote = quote is not None and len(quote.split()) >= FEWEST_QUOTED_WORDS
        yield Claim(mark[1], quote if is_quote else None, span=mark.span())


def _in_field(text: str, field: str) -> Iterator[Claim]:
    try:
        value: object = jiter.from_json(text.encode(errors="surrogatepass"))
    except ValueError:
        return  # the contract's own checks say that it is no JSON
    items = value.get(field) if isinstance(value, dict) else None
    for number, item in enumerate(items if isinstance(items, list) else []):
        place = f"/{field}/{number}"
        if isinstance(item, str):
            yield Claim(item, None, place)
        elif isinstance(item, dict):
            quote = item.get("quote")
            yield Claim(str(item.get("source")), quote if isinstance(quote, str) else None, place)


def _uncited(text: str) -> Iterator[str]:
    """Sentences with words and without a mark, one that follows the full stop included."""
    start = 0
    ends = [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]
    for end in ends:
        sentence = text[start:end].strip()
        start = end
        if len(_MARK.sub("", sentence).split()) >= FEWEST_QUOTED_WORDS and not _MARK.search(sentence):
            yield sentence


def _how(rule: CitationRule) -> str:
    if rule.field:
        return f"list the ids of its sources in the field {rule.field!r}"
    return "put the id of a source in square brackets after what you have from it"


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("\u2019", "'").split())
