"""A stream put together is the answer it was cut from."""

from weighbridge.dialects.collector import Collector
from weighbridge.domain.request import ToolCall
from weighbridge.domain.response import Delta, FinishReason, Response, ToolPiece
from weighbridge.domain.usage import Usage


def collect(*deltas: Delta) -> Response:
    collector = Collector()
    for delta in deltas:
        collector.add(delta)
    return collector.response()


def test_pieces_become_one_answer() -> None:
    response = collect(
        Delta(text="in", model="m", logprobs=(-0.1,)),
        Delta(text="voice", logprobs=(-0.2,)),
        Delta(finish_reason=FinishReason.STOP),
        Delta(usage=Usage(3, 2)),
    )
    choice = response.choices[0]
    assert (response.text, choice.finish_reason, choice.logprobs) == ("invoice", FinishReason.STOP, (-0.1, -0.2))
    assert (response.model, response.usage) == ("m", Usage(3, 2))


def test_a_stream_without_an_end_was_cut() -> None:
    response = collect(Delta(text="inv"))
    assert response.choices[0].finish_reason is FinishReason.UNKNOWN
    assert response.usage is None
    assert response.choices[0].logprobs is None


def test_alternating_tool_calls_are_told_apart() -> None:
    response = collect(
        Delta(tool_pieces=(ToolPiece(1, "b", "clock"), ToolPiece(0, "a", "weather"))),
        Delta(tool_pieces=(ToolPiece(0, arguments="{"), ToolPiece(1, arguments="["))),
        Delta(tool_pieces=(ToolPiece(0, arguments="}"),)),
    )
    assert response.choices[0].tool_calls == (ToolCall("a", "weather", "{}"), ToolCall("b", "clock", "["))


def test_a_refusal_is_kept_apart_from_text() -> None:
    choice = collect(Delta(refusal="I "), Delta(refusal="cannot.")).choices[0]
    assert (choice.text, choice.refusal) == ("", "I cannot.")


def test_the_last_usage_report_counts() -> None:
    assert collect(Delta(usage=Usage(3, 1)), Delta(usage=Usage(3, 2))).usage == Usage(3, 2)


def test_only_the_first_choice_is_judged() -> None:
    response = collect(Delta(text="a"), Delta(text="b", choice=1), Delta(finish_reason=FinishReason.STOP))
    assert (response.text, len(response.choices)) == ("a", 1)
