"""The simulated host: a provider without a network, for demos, tests, and people who test their own applications.

It answers from prompt, model and seed alone, streams in pieces with log-probabilities, reports usage, and fails when
told to: `simulated_script.py` has the grammar of `request.metadata["simulate"]`, `simulated_options.py` the host's
settings, and `simulated_answers.py` what it says otherwise. The reference page is docs/reference/simulated-host.md.
"""

import math
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace

from weighbridge.budget.tokens import count_tokens
from weighbridge.dialects.openai_chat.errors import parse_error
from weighbridge.domain.errors import (
    ProviderMalformedError,
    ProviderRejectedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.request import Request, Thought, ToolCall
from weighbridge.domain.response import Choice, Delta, FinishReason, Response, ToolPiece
from weighbridge.domain.usage import WORDS, Usage
from weighbridge.providers.clock import Clock
from weighbridge.providers.simulated_answers import own_answer, seed_answer
from weighbridge.providers.simulated_json import example_json
from weighbridge.providers.simulated_options import SimulatedOptions
from weighbridge.providers.simulated_scores import example_scores
from weighbridge.providers.simulated_script import Script, apply_script, parse_script
from weighbridge.providers.simulated_tools import wished_calls
from weighbridge.providers.simulated_vectors import example_vectors

__all__ = ["SimulatedHost", "seed_answer"]

SURE, UNSURE = math.log(0.97), math.log(0.55)
"""Log-probability of each token: of a plain prompt, and of one that calls itself ambiguous."""
REFUSAL = "I cannot help with that."
NO_LABEL = "none of the above, probably"
_PIECE = re.compile(r"\s*\S+|\s+$")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call will say, before it is said."""

    pieces: tuple[str, ...]
    """The text, cut as it streams: a word with the space before it."""
    finish_reason: FinishReason
    """Why it ends."""
    logprob: float | None
    """Of each piece; `None` when not asked for or withheld."""
    usage: Usage | None
    """What is reported."""
    refusal: str | None = None
    """The model's own words when it declines."""
    calls: tuple[ToolCall, ...] = ()
    """Tools that it calls instead of saying something."""
    thought: str = ""
    """What it thinks before."""


class SimulatedHost:
    """One simulated host with its settings."""

    def __init__(self, clock: Clock, options: SimulatedOptions) -> None:
        self._clock, self._options = clock, options

    async def call(self, model: PortfolioModel, request: Request, timeout_s: float) -> Response:
        """The whole answer. Raises ProviderError as scripted, ProviderRejectedError for a script that has an error."""
        script = self._script(model, request)
        self._fail_at_once(script, timeout_s)
        if request.embedding is not None:
            await self._pass_time(script.latency_s, timeout_s)
            return example_vectors(model, request)
        if request.is_ranking:
            await self._pass_time(script.latency_s, timeout_s)
            return example_scores(model, request)
        answer = _thinking(script, self._answer(script, model, request))
        needed_s = script.latency_s + len(answer.pieces) / (script.tokens_per_s or math.inf)
        await self._pass_time(needed_s, timeout_s)
        if script.disconnect_after is not None:
            raise _broken_off(script.disconnect_after)
        logprobs = None if answer.logprob is None else (answer.logprob,) * len(answer.pieces)
        thoughts = (Thought(answer.thought),) if answer.thought else ()
        text = "".join(answer.pieces)
        choice = Choice(text, answer.finish_reason, answer.calls, answer.refusal, logprobs, thoughts=thoughts)
        return Response(model.upstream_name, (choice,) * request.choices, answer.usage)

    async def stream(self, model: PortfolioModel, request: Request, timeout_s: float) -> AsyncGenerator[Delta, None]:
        """The answer in pieces; errors as in `call`, some of them in the middle."""
        script = self._script(model, request)
        self._fail_at_once(script, timeout_s)
        answer = _thinking(script, self._answer(script, model, request))
        deadline = self._clock.monotonic() + timeout_s
        pause_s = 1 / script.tokens_per_s if script.tokens_per_s else 0.0
        await self._pass_time(script.latency_s, timeout_s)
        for number, delta in enumerate(_deltas(answer, model.upstream_name)):
            if number == script.disconnect_after:
                raise _broken_off(number)
            if pause_s and delta.has_content:
                await self._pass_time(pause_s, deadline - self._clock.monotonic())
            yield delta
            for choice in range(1, 1 if delta.usage else request.choices):
                yield replace(delta, choice=choice)
        if script.disconnect_after is not None:
            raise _broken_off(script.disconnect_after)

    async def _pass_time(self, needed_s: float, left_s: float) -> None:
        if needed_s > left_s:
            await self._clock.sleep(max(0.0, left_s))
            raise _late(left_s)
        if needed_s:
            await self._clock.sleep(needed_s)

    def _script(self, model: PortfolioModel, request: Request) -> Script:
        options = self._options
        script = apply_script(options.script, options.directives, model) if options.simulate else options.script
        text = request.metadata.get("simulate")
        if text is None:
            return script
        try:
            return apply_script(script, parse_script(text), model)
        except ValueError as error:
            raise ProviderRejectedError(
                f"The simulated host cannot follow `simulate`: {error}.",
                advice="Correct the metadata field `simulate`.",
                provider_status=400,
            ) from None

    @staticmethod
    def _fail_at_once(script: Script, timeout_s: float) -> None:
        if script.error_status is not None:
            raise parse_error(script.error_status, script.retry_after_s, b"")
        if script.times_out:
            raise _late(timeout_s)
        if script.is_garbled:
            raise ProviderMalformedError(
                "The provider's answer is not JSON.", advice="The simulated host was told so.", may_have_cost=True
            )

    def _answer(self, script: Script, model: PortfolioModel, request: Request) -> Answer:
        calls = wished_calls(script.tool_call, request)
        if calls:
            return _calling(calls, script, request)
        text = "" if script.refuses else self._text(script, model.upstream_name, request)
        pieces = tuple(_PIECE.findall(text))
        finish_reason = FinishReason.STOP
        if script.is_truncated:
            pieces, finish_reason = pieces[: len(pieces) // 2], FinishReason.LENGTH
        limit = request.max_output_tokens
        if limit is not None and _tokens(text) > limit:
            pieces, finish_reason = pieces[: int(limit * 0.75)], FinishReason.LENGTH
        wants_logprobs = request.wants_logprobs and not script.hides_logprobs
        logprob = (UNSURE if "ambiguous" in request.user_text.lower() else SURE) if wants_logprobs else None
        output_tokens = _tokens("".join(pieces)) * request.choices
        usage = None if script.hides_usage else Usage(_tokens(request.text), output_tokens)
        return Answer(pieces, finish_reason, logprob, usage, REFUSAL if script.refuses else None)

    def _text(self, script: Script, model: str, request: Request) -> str:
        if script.is_empty:
            return ""
        if script.finds_no_label:
            return NO_LABEL
        if script.breaks_json:
            return example_json(request.output.schema_json, request.user_text)[:-1]
        if script.answer is not None:
            return script.answer
        canned = self._options.canned(model, request)
        return own_answer(model, request, self._options.seed) if canned is None else canned


def _calling(calls: tuple[ToolCall, ...], script: Script, request: Request) -> Answer:
    output_tokens = sum(_tokens(f"{call.name} {call.arguments}") for call in calls) * request.choices
    usage = None if script.hides_usage else Usage(_tokens(request.text), output_tokens)
    return Answer((), FinishReason.TOOL_CALLS, None, usage, calls=calls)


def _thinking(script: Script, answer: Answer) -> Answer:
    """The same after thinking, which is paid as output."""
    if not script.thought:
        return answer
    tokens, usage = _tokens(script.thought), answer.usage
    if usage is not None:
        usage = replace(usage, output_tokens=usage.output_tokens + tokens, reasoning_tokens=tokens)
    return replace(answer, thought=script.thought, usage=usage)


def _deltas(answer: Answer, model: str) -> Iterator[Delta]:
    for piece in _PIECE.findall(answer.thought):
        yield Delta(thought=piece, model=model)
    for index, call in enumerate(answer.calls):
        yield Delta(tool_text=call.name, model=model, tool_pieces=(ToolPiece(index, call.id, call.name),))
        for piece in _PIECE.findall(call.arguments):
            yield Delta(tool_text=piece, model=model, tool_pieces=(ToolPiece(index, arguments=piece),))
    logprobs = None if answer.logprob is None else (answer.logprob,)
    for piece in answer.pieces:
        yield Delta(text=piece, logprobs=logprobs, model=model)
    if answer.refusal is not None:
        yield Delta(refusal=answer.refusal, model=model)
    yield Delta(finish_reason=answer.finish_reason, model=model)
    if answer.usage is not None:
        yield Delta(usage=answer.usage, model=model)


def _tokens(text: str) -> int:
    return count_tokens(text, WORDS).tokens


def _late(after_s: float) -> ProviderTimeoutError:
    return ProviderTimeoutError(f"The provider did not answer within {after_s:.1f} s.", advice="Try again.")


def _broken_off(pieces: int) -> ProviderUnavailableError:
    return ProviderUnavailableError(
        f"The provider closed the connection after {pieces} pieces of its answer.",
        advice="Try again.",
        may_have_cost=True,
    )
