"""Fields that the callers' formats have, so that what they do not have can be told."""

from collections.abc import Mapping
from difflib import get_close_matches

from weighbridge.domain.errors import UnknownParameterError
from weighbridge.domain.request import Request

_SHOWN_CHARS = 60


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


KNOWN: Mapping[str, frozenset[str]] = {
    "openai_chat": _names(
        "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages"
        " metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key"
        " prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream"
        " stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options"
    ),
    "openai_responses": _names(
        "background context_management conversation include input instructions max_output_tokens max_tool_calls"
        " metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key"
        " prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options temperature text"
        " tool_choice tools top_logprobs top_p truncation user"
    ),
    "openai_embeddings": _names("dimensions encoding_format input metadata model safety_identifier user"),
    "anthropic_messages": _names(
        "cache_control container context_management inference_geo max_tokens mcp_servers messages metadata model"
        " output_config output_format service_tier speed stop_sequences stream system temperature thinking tool_choice"
        " tools top_k top_p"
    ),
}
"""By dialect, at the top of a body: https://platform.openai.com/docs/api-reference,
https://platform.claude.com/docs/en/api/messages."""


def unknown_in(request: Request) -> tuple[str, ...]:
    """Fields at the top of the body that the request's format does not have."""
    known = KNOWN.get(request.dialect)
    if known is None or request.body is None:
        return ()
    return tuple(name for name in request.body if name not in known)


def unknown_parameter(name: str, dialect: str) -> UnknownParameterError:
    """The error for one of them, with the name that was probably meant."""
    near = get_close_matches(name[:_SHOWN_CHARS].lower(), KNOWN[dialect], n=1)
    return UnknownParameterError(
        f"`{name[:_SHOWN_CHARS]}` is no parameter of this call, and this task takes none that it does not know.",
        advice=f"Did you mean `{near[0]}`?" if near else "Leave it out.",
        param=name[:_SHOWN_CHARS],
    )
