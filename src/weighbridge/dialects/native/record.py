"""A record as the API and the command line show it: enums as words, money as exact decimal text, unknown as null."""

from weighbridge.domain.attempt import Attempt
from weighbridge.domain.decision import Candidate, Decision
from weighbridge.domain.evidence import Evidence
from weighbridge.domain.money import Money
from weighbridge.domain.probe import Probe
from weighbridge.domain.record import Content, Record
from weighbridge.domain.signals import Classification
from weighbridge.domain.usage import Usage
from weighbridge.domain.verdict import Verdict

Json = dict[str, object]


def render_record(record: Record) -> Json:
    """The whole record; content only where the task stores it."""
    return {
        "id": record.id,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "policy_digest": record.policy_digest,
        "caller": record.caller,
        "dialect": record.dialect,
        "requested_model": record.requested_model,
        "is_stream": record.is_stream,
        "input_digest": record.input_digest,
        "status": record.status.value,
        "error_code": record.error_code,
        "classification": render_classification(record.classification),
        "decision": _decision(record.decision),
        "attempts": [render_attempt(attempt) for attempt in record.attempts],
        "served_model": record.served_model,
        "is_fallback": record.is_fallback,
        "prompt_count": None
        if record.prompt_count is None
        else {"tokens": record.prompt_count.tokens, "method": record.prompt_count.method},
        "dropped_messages": [{"index": item.index, "tokens": item.tokens} for item in record.dropped_messages],
        "estimate_usd": usd(record.estimate),
        "usage": render_usage(record.usage),
        "cost_usd": usd(record.cost),
        "duration_s": record.duration_s,
        "review_id": record.review_id,
        "shadow": None if record.shadow is None else {"of": record.shadow.of, "agrees": record.shadow.agrees},
        "evidence": render_evidence(record.evidence),
        "cited": list(record.cited),
        "cache_hit": None
        if record.cache_hit is None
        else {"of": record.cache_hit.of, "model": record.cache_hit.model, "saved_usd": usd(record.cache_hit.saved)},
        "state": None
        if record.state is None
        else {"covered": record.state.covered, "tokens": record.state.tokens, "is_reused": record.state.is_reused},
        "latest_customer_message_used": record.latest_customer_message_used,
        "preparations": [render_probe(probe) for probe in record.preparations],
        "unknown_parameters": list(record.unknown_parameters),
        "content": _content(record.content),
    }


def render_explanation(record: Record) -> Json:
    """Why it went the way it went: how the request was classified, how every model was judged, what each call did."""
    decision = record.decision
    return {
        "id": record.id,
        "created_at": record.created_at,
        "policy_digest": record.policy_digest,
        "status": record.status.value,
        "error_code": record.error_code,
        "requested_model": record.requested_model,
        "classification": render_classification(record.classification),
        "reason": render_reason(decision),
        "candidates": [render_candidate(item) for item in decision.candidates] if decision else [],
        "verifier": render_candidate(decision.verifier) if decision and decision.verifier else None,
        "attempts": [render_attempt(attempt) for attempt in record.attempts],
        "evidence": render_evidence(record.evidence),
        "cited": list(record.cited),
        "cache_hit": None
        if record.cache_hit is None
        else {"of": record.cache_hit.of, "model": record.cache_hit.model, "saved_usd": usd(record.cache_hit.saved)},
        "latest_customer_message_used": record.latest_customer_message_used,
        "preparations": [render_probe(probe) for probe in record.preparations],
        "served_model": record.served_model,
        "is_fallback": record.is_fallback,
        "estimate_usd": usd(record.estimate),
        "cost_usd": usd(record.cost),
    }


def render_evidence(evidence: Evidence | None) -> Json | None:
    """Every source that was shown, in order, and every one that was found and not shown, with the reason."""
    if evidence is None:
        return None
    return {
        "tokens": evidence.tokens,
        "limit_tokens": evidence.limit_tokens,
        "shown": [
            {
                "id": item.id,
                "tokens": item.tokens,
                "status": item.status.value,
                "authority": item.authority.value,
                "relevance": item.relevance,
                "similarity": item.similarity,
                "score": item.score,
                "is_suspicious": item.is_suspicious,
                "because_of": item.because_of,
                "digest": item.digest,
            }
            for item in evidence.shown
        ],
        "left_out": [
            {
                "id": item.id,
                "reason": item.reason.value,
                "relevance": item.relevance,
                "similarity": item.similarity,
                "score": item.score,
                "because_of": item.because_of,
            }
            for item in evidence.left_out
        ],
        "tools": [
            {
                "tool": run.tool,
                "asked_at": run.asked_at,
                "latency_s": run.latency_s,
                "error": run.error,
                "is_asked_by_model": run.is_asked_by_model,
            }
            for run in evidence.tools
        ],
    }


def usd(amount: Money | None) -> str | None:
    """Dollars as exact decimal text; null when unknown."""
    return None if amount is None else str(amount)


def render_reason(decision: Decision | None) -> Json | None:
    """Why the first choice was first, as a code and in words; null when nothing was decided."""
    return None if decision is None else {"code": decision.reason.value, "sentence": decision.sentence}


def render_candidate(candidate: Candidate) -> Json:
    """One model of the portfolio, kept or dropped, with the figures behind it."""
    return {
        "model": candidate.model,
        "is_kept": candidate.is_kept,
        "rank": candidate.rank,
        "reason": None if candidate.reason is None else candidate.reason.value,
        "numbers": dict(candidate.numbers),
        "estimate_usd": usd(candidate.estimate),
        "proof": None if candidate.proof is None else candidate.proof.value,
        "proof_digest": candidate.proof_digest,
        "left_out": list(candidate.left_out),
    }


def render_attempt(attempt: Attempt) -> Json:
    """One call and what came of it."""
    return {
        "model": attempt.model,
        "host": attempt.host,
        "served_by": attempt.served_by,
        "provider_id": attempt.provider_id,
        "verdict": render_verdict(attempt.verdict),
        "step": {"kind": attempt.step.kind.value, "reason": attempt.step.reason, "wait_s": attempt.step.wait_s},
        "error_code": attempt.error_code,
        "error_status": attempt.error_status,
        "latency_s": attempt.latency_s,
        "first_chunk_s": attempt.first_chunk_s,
        "usage": render_usage(attempt.usage),
        "probes": [render_probe(probe) for probe in attempt.probes],
        "estimate_usd": usd(attempt.estimate),
        "cost_usd": usd(attempt.cost),
    }


def render_probe(probe: Probe) -> Json:
    """One extra call that judged an answer."""
    return {
        "kind": probe.kind.value,
        "model": probe.model,
        "host": probe.host,
        "error_code": probe.error_code,
        "latency_s": probe.latency_s,
        "usage": render_usage(probe.usage),
        "estimate_usd": usd(probe.estimate),
        "cost_usd": usd(probe.cost),
    }


def render_verdict(verdict: Verdict) -> Json:
    """What validation said."""
    return {
        "status": verdict.status.value,
        "confidence": verdict.confidence,
        "confidence_kind": None if verdict.confidence_kind is None else verdict.confidence_kind.value,
        "tidied": [step.value for step in verdict.tidied],
        "findings": [
            {"code": finding.code.value, "message": finding.message, "place": finding.place}
            for finding in verdict.findings
        ],
    }


def render_usage(usage: Usage | None) -> Json | None:
    """Tokens in parts that do not overlap; reasoning is part of the output."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "is_estimated": usage.is_estimated,
    }


def render_classification(known: Classification | None) -> Json | None:
    """Task, risk and sensitivity, each with how it is known."""
    if known is None:
        return None
    return {
        "task": known.task,
        "task_basis": known.task_basis.value,
        "risk": known.risk.value,
        "risk_basis": known.risk_basis.value,
        "sensitivity": known.sensitivity.value,
        "sensitivity_basis": known.sensitivity_basis.value,
        "signals": dict(known.signals),
        "evidence": known.evidence,
    }


def _decision(decision: Decision | None) -> Json | None:
    if decision is None:
        return None
    return {
        "reason": render_reason(decision),
        "order": list(decision.order),
        "candidates": [render_candidate(item) for item in decision.candidates],
    }


def _content(content: Content | None) -> Json | None:
    return None if content is None else {"prompt": content.prompt, "answer": content.answer}
