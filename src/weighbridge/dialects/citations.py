"""Citations in the structured field that each dialect has for them.

Chat: `annotations` of type url_citation; Responses: `annotations` of type file_citation; Anthropic: `citations` of type
search_result_location. Where a dialect's field needs a place in the text, an entry of a JSON field has none there.
"""

from collections.abc import Sequence

from weighbridge.domain.citation import Citation

Json = dict[str, object]


def url_citations(citations: Sequence[Citation]) -> list[Json]:
    """https://platform.openai.com/docs/api-reference/chat/object, `message.annotations`."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": item.span[0],
                "end_index": item.span[1],
                "title": item.title,
                "url": item.address,
            },
        }
        for item in citations
        if item.span is not None
    ]


def file_citations(citations: Sequence[Citation]) -> list[Json]:
    """https://platform.openai.com/docs/api-reference/responses/object, `annotations` of an `output_text`."""
    return [
        {
            "type": "file_citation",
            "file_id": item.source.id,
            "filename": item.source.document or item.source.id,
            "index": item.span[1],
        }
        for item in citations
        if item.span is not None
    ]


def search_result_locations(citations: Sequence[Citation]) -> list[Json]:
    """https://platform.claude.com/docs/en/build-with-claude/search-results, `citations` of a text block."""
    order = list(dict.fromkeys(item.source.id for item in citations))
    return [
        {
            "type": "search_result_location",
            "source": item.address,
            "title": item.title,
            "cited_text": item.quote or item.source.text,
            "search_result_index": order.index(item.source.id),
            "start_block_index": 0,
            "end_block_index": 1,
        }
        for item in citations
    ]


def native_citations(citations: Sequence[Citation]) -> list[Json]:
    """Everything that is known of them."""
    return [
        {
            "id": item.source.id,
            "document": item.source.document,
            "title": item.title,
            "authority": item.source.authority.value,
            "updated": None if item.source.updated is None else item.source.updated.isoformat(),
            "start": None if item.span is None else item.span[0],
            "end": None if item.span is None else item.span[1],
            "quote": item.quote,
            "url": item.address,
        }
        for item in citations
    ]
