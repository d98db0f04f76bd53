"""An accepted answer with its citations as a structured field."""

from dataclasses import replace

from weighbridge.domain.response import Response
from weighbridge.pipeline.draft import Draft
from weighbridge.validation.citations import citations_in


def with_citations(response: Response, draft: Draft) -> Response:
    """The answer, each choice with what it cites; as it was where the task's contract asks for no citations."""
    rule = draft.task.contract.citations if draft.task else None
    if rule is None or draft.packed is None or not draft.packed.sources:
        return response
    sources = draft.packed.sources
    choices = (replace(item, citations=citations_in(item.text, rule, sources)) for item in response.choices)
    return replace(response, choices=tuple(choices))
