"""The grammar of `simulate`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_model
from weighbridge.providers.simulated_script import Script, apply_script, parse_script
from weighbridge.providers.simulated_tools import ToolWish


def script_of(text: str, model: str = "fast-small") -> Script:
    return apply_script(Script(), parse_script(text), a_model(model, upstream_name=f"upstream/{model}"))


SCRIPTS = {
    "": Script(),
    "error:503": Script(error_status=503),
    "error=429;retry_after=2": Script(error_status=429, retry_after_s=2.0),
    " error = 429 ; retry_after : 0.5 ; ": Script(error_status=429, retry_after_s=0.5),
    "timeout": Script(times_out=True),
    "latency=0.2;tokens_per_s=50;disconnect_after=3": Script(latency_s=0.2, tokens_per_s=50.0, disconnect_after=3),
    "answer=yes: a=b": Script(answer="yes: a=b"),
    "answer=one;;two;no_usage": Script(answer="one;two", hides_usage=True),
    "answer=": Script(answer=""),
    "tool_call": Script(tool_call=ToolWish()),
    "tool_call=*": Script(tool_call=ToolWish("*")),
    'fast-small:tool_call=look {"a":1}': Script(tool_call=ToolWish("look", '{"a":1}')),
    "error=500;error=503": Script(error_status=503),
    "fast-small:refusal": Script(refuses=True),
    "upstream/fast-small:refusal": Script(refuses=True),
    "other:refusal": Script(),
    "other:error=500;retry_after=1;fast-small:empty;truncated": Script(is_empty=True, is_truncated=True),
    "other:refusal;*:empty": Script(is_empty=True),
    "invalid_label;malformed_json;no_logprobs;garbled": Script(
        finds_no_label=True, breaks_json=True, hides_logprobs=True, is_garbled=True
    ),
}


@pytest.mark.parametrize("text", SCRIPTS)
def test_a_script_says_how_a_call_behaves(text: str) -> None:
    assert script_of(text) == SCRIPTS[text]


def test_a_model_s_name_may_hold_colons() -> None:
    assert script_of("llama3:8b:error=500", "llama3:8b").error_status == 500
    assert script_of("llama3:8b:error=500", "llama3").error_status is None


WRONG = {
    "explode": "'explode' is no directive; valid are error, retry_after,",
    "error 503": "'error 503' is no directive",
    "timeout=3": "timeout must be written alone",
    "error": "error must be an HTTP status from 400 to 599, not ''",
    "error=200": "error must be an HTTP status",
    "error=abc": "error must be an HTTP status",
    "latency=-1": "latency must be seconds from 0",
    "latency=nan": "latency must be seconds from 0",
    "latency=inf": "latency must be seconds from 0",
    "tokens_per_s=0": "tokens_per_s must be a number from 0.001",
    "disconnect_after=1.5": "disconnect_after must be a number of pieces",
    "x" * 5000: "a script has at most 4096 characters",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:20])
def test_a_mistake_is_quoted_with_what_belongs_there(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_script(text)
    assert str(caught.value).startswith(WRONG[text])


@given(st.text(alphabet="error:=;503timeou answ*\n-", max_size=60))
def test_any_text_is_a_script_or_a_value_error(text: str) -> None:
    try:
        found = script_of(text)
    except ValueError:
        return
    assert isinstance(found, Script)
