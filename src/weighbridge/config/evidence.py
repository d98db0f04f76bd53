"""Rows about sources, tools and conversations → the domain's values."""

from pathlib import Path

from weighbridge.config.schema_evidence import CollectionRow, ConversationRow, EvidenceRow, ToolRow
from weighbridge.domain.conversation import ConversationRule
from weighbridge.domain.evidence import EvidenceRule
from weighbridge.domain.money import Money
from weighbridge.domain.tool import Collection, DeclaredTool


def build_evidence(row: EvidenceRow | None) -> EvidenceRule | None:
    """Where a task's evidence comes from."""
    if row is None:
        return None
    return EvidenceRule(
        collections=tuple(row.collections),
        tools=tuple(row.tools),
        offered_tools=tuple(row.offered_tools),
        max_tool_rounds=row.max_tool_rounds,
        max_tokens=row.max_tokens,
        max_cost=None if row.max_cost_usd is None else Money.usd(row.max_cost_usd),
        most_sources=row.max_sources,
        min_relevance=row.min_relevance,
        reranker=row.reranker,
        most_ranked=row.max_ranked,
        when_none=row.when_none,
        deprecated=row.deprecated,
        suspicious=row.suspicious,
    )


def build_conversation(row: ConversationRow | None) -> ConversationRule | None:
    """How a task keeps long conversations."""
    if row is None:
        return None
    return ConversationRule(row.model, row.max_tokens, row.keep_messages, row.json_schema, row.keep_s)


def build_collection(name: str, row: CollectionRow, folder: Path) -> Collection:
    """Documents that belong together."""
    labels = {"authority": row.authority, "sensitivity": row.sensitivity, "owner": row.owner, "readers": row.readers}
    path = None if row.path is None else str(folder / row.path)
    stated = {key: value for key, value in labels.items() if value is not None}
    return Collection(name, path, row.watch, row.vectors, stated)


def build_tool(name: str, row: ToolRow) -> DeclaredTool:
    """A way to ask for live state."""
    return DeclaredTool(
        name=name,
        description=row.description,
        parameters=row.parameters,
        url=row.url,
        method=row.method,
        headers={**row.headers, **row.secret_headers},
        function=row.function,
        timeout_s=row.timeout_s,
        most_chars=row.max_chars,
    )
