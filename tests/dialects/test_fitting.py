"""What becomes of a caller's wishes at a host of another dialect: carried, refused by name, or told to the caller."""

import json
from dataclasses import replace
from typing import Any

import pytest

from make import a_model, a_request
from weighbridge.dialects.anthropic_messages import request as anthropic
from weighbridge.dialects.bedrock import request as bedrock
from weighbridge.dialects.fitting import fit
from weighbridge.dialects.foreign import ESSENTIAL, HINTS, WISHES
from weighbridge.dialects.gemini import request as gemini
from weighbridge.dialects.openai_chat import request as chat
from weighbridge.dialects.openai_responses import request as responses
from weighbridge.dialects.parameters import KNOWN, unknown_in, unknown_parameter
from weighbridge.domain.errors import InvalidFieldError, UnknownParameterError
from weighbridge.domain.fit import FITS, STRICT, Fit, OnForeign, ParameterRule
from weighbridge.domain.policy import PortfolioModel
from weighbridge.domain.reasoning import BUDGETS, Effort, Reasoning, ReasoningStyle
from weighbridge.domain.request import Request, Sampling, ToolChoice

MODEL = a_model(max_output_tokens=50_000)
WARN = ParameterRule(foreign=OnForeign.WARN)
HOSTS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini", "bedrock")
PARSE = {
    "openai_chat": chat.parse_request,
    "openai_responses": responses.parse_request,
    "anthropic_messages": anthropic.parse_request,
}


def asked(dialect: str, **fields: object) -> Request:
    said: dict[str, object] = {"messages": [{"role": "user", "content": "hi"}]}
    if dialect == "openai_responses":
        said = {"input": "hi"}
    if dialect == "anthropic_messages":
        said["max_tokens"] = 40_000
    return PARSE[dialect](json.dumps({"model": "auto", **said, **fields}).encode())


def refused(found: Fit) -> str | None:
    return None if found.refusal is None else found.refusal.param


ACROSS = [(caller, host) for caller in PARSE for host in HOSTS if caller != host]


@pytest.mark.parametrize(("caller", "host"), ACROSS)
def test_a_plain_call_is_carried_everywhere(caller: str, host: str) -> None:
    assert fit(asked(caller), MODEL, host, STRICT) == FITS


@pytest.mark.parametrize("rule", [STRICT, WARN])
@pytest.mark.parametrize(
    ("caller", "fields", "param"),
    [
        ("openai_chat", {"modalities": ["text", "audio"]}, "modalities"),
        ("openai_chat", {"web_search_options": {}}, "web_search_options"),
        ("openai_chat", {"tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
        ("anthropic_messages", {"container": "c_1"}, "container"),
        ("anthropic_messages", {"mcp_servers": [{"url": "x"}]}, "mcp_servers"),
    ],
)
@pytest.mark.parametrize("host", HOSTS)
def test_what_makes_another_question_is_never_left_out(
    caller: str, fields: dict[str, object], param: str, host: str, rule: ParameterRule
) -> None:
    found = fit(asked(caller, **fields), MODEL, host, rule)
    assert refused(found) == (None if caller == host else param)


@pytest.mark.parametrize(
    ("caller", "fields", "param"),
    [
        ("openai_chat", {"logit_bias": {"1": 2}}, "logit_bias"),
        ("openai_chat", {"frequency_penalty": 0.5}, "frequency_penalty"),
        ("openai_responses", {"truncation": "auto"}, "truncation"),
        ("openai_responses", {"text": {"verbosity": "low"}}, "text.verbosity"),
        ("anthropic_messages", {"top_k": 5}, "top_k"),
    ],
)
@pytest.mark.parametrize("host", HOSTS)
def test_a_wish_that_has_no_place_is_refused_or_told_as_policy_says(
    caller: str, fields: dict[str, object], param: str, host: str
) -> None:
    request = asked(caller, **fields)
    strict, lenient = fit(request, MODEL, host, STRICT), fit(request, MODEL, host, WARN)
    if caller == host or (host == "gemini" and param in {"frequency_penalty", "top_k"}):
        assert strict == lenient == FITS
    else:
        assert (refused(strict), lenient) == (param, Fit(left_out=(param,)))


@pytest.mark.parametrize(("host", "has_seed"), [*((host, host in {"openai_chat", "gemini"}) for host in HOSTS)])
def test_a_seed_is_carried_where_there_is_a_place_for_it(host: str, has_seed: bool) -> None:
    request = a_request(sampling=Sampling(seed=1))
    assert fit(request, MODEL, host, STRICT).refusal is None or not has_seed
    assert fit(request, MODEL, host, WARN) == (FITS if has_seed else Fit(left_out=("seed",)))


MARK = {"cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    "marked",
    [
        MARK,
        {"system": [{"type": "text", "text": "Be brief.", **MARK}]},
        {"tools": [{"name": "look", "input_schema": {"type": "object"}, **MARK}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi", **MARK}]}]},
    ],
)
@pytest.mark.parametrize("host", HOSTS)
def test_marks_for_a_host_s_cache_pass_to_their_own_hosts_and_are_told_elsewhere(
    marked: dict[str, Any], host: str
) -> None:
    request = asked("anthropic_messages", **marked)
    own = host == "anthropic_messages"
    assert fit(request, MODEL, host, STRICT) == (FITS if own else Fit(left_out=("cache_control",)))
    assert ("cache_control" in json.dumps(sent(request, host, MODEL))) == own


def test_gemini_has_a_place_for_penalties_and_for_top_k() -> None:
    said = sent(asked("openai_chat", frequency_penalty=0.5, presence_penalty=-1), "gemini", MODEL)["generationConfig"]
    assert (said["frequencyPenalty"], said["presencePenalty"]) == (0.5, -1)
    assert sent(asked("anthropic_messages", top_k=5), "gemini", MODEL)["generationConfig"]["topK"] == 5


@pytest.mark.parametrize("penalty", [2.5, -3, "much"])
def test_a_penalty_outside_its_range_is_refused(penalty: object) -> None:
    with pytest.raises(InvalidFieldError, match="frequency_penalty"):
        asked("openai_chat", frequency_penalty=penalty)


def test_what_is_for_the_host_alone_and_what_nobody_knows_is_told() -> None:
    request = asked("openai_chat", service_tier="flex", store=True, prompt_cache_key="k", enable_thinking=True)
    assert set(fit(request, MODEL, "gemini", STRICT).left_out) == {
        "service_tier",
        "store",
        "prompt_cache_key",
        "enable_thinking",
    }
    assert fit(request, MODEL, "openai_chat", STRICT) == FITS
    assert fit(request, MODEL, "local", STRICT) == FITS
    assert unknown_in(request) == ("enable_thinking",)


def test_values_that_change_nothing_are_no_wishes() -> None:
    fields = {"frequency_penalty": 0, "store": False, "modalities": ["text"], "service_tier": "auto", "logit_bias": {}}
    assert fit(asked("openai_chat", **fields), MODEL, "bedrock", STRICT) == FITS


def test_every_table_names_fields_that_some_format_has() -> None:
    everything = frozenset[str]().union(*KNOWN.values())
    assert {*ESSENTIAL, *WISHES, *HINTS} <= everything


def test_an_unknown_name_is_told_with_the_one_that_was_meant() -> None:
    error = unknown_parameter("max_token", "openai_chat")
    assert isinstance(error, UnknownParameterError)
    assert (error.param, error.advice) == ("max_token", "Did you mean `max_tokens`?")
    assert unknown_parameter("z" * 500, "openai_chat").param == "z" * 60


EFFORT, BUDGET, ADAPTIVE = ReasoningStyle.EFFORT, ReasoningStyle.BUDGET, ReasoningStyle.ADAPTIVE
HIGH: dict[str, dict[str, Any]] = {
    "openai_chat": {"reasoning_effort": "high"},
    "openai_responses": {"reasoning": {"effort": "high"}},
    "anthropic_messages": {"thinking": {"type": "enabled", "budget_tokens": 16_384}},
}
RENDER = {
    "openai_chat": chat.render_request,
    "openai_responses": responses.render_request,
    "anthropic_messages": anthropic.render_request,
    "gemini": gemini.render_request,
    "bedrock": bedrock.render_request,
}


def sent(request: Request, host: str, model: PortfolioModel) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(RENDER[host](request, model, wants_logprobs=False))
    return body


@pytest.mark.parametrize("caller", PARSE)
@pytest.mark.parametrize(
    ("host", "style", "where", "wire"),
    [
        ("openai_chat", EFFORT, ("reasoning_effort",), "high"),
        ("openai_responses", EFFORT, ("reasoning", "effort"), "high"),
        ("anthropic_messages", BUDGET, ("thinking",), {"type": "enabled", "budget_tokens": 16_384}),
        ("anthropic_messages", ADAPTIVE, ("thinking",), {"type": "adaptive"}),
        ("anthropic_messages", ADAPTIVE, ("output_config", "effort"), "high"),
        ("gemini", BUDGET, ("generationConfig", "thinkingConfig"), {"thinkingBudget": 16_384, "includeThoughts": True}),
        ("gemini", EFFORT, ("generationConfig", "thinkingConfig"), {"thinkingLevel": "high", "includeThoughts": True}),
        ("bedrock", ADAPTIVE, ("outputConfig", "effort"), "high"),
        (
            "bedrock",
            BUDGET,
            ("additionalModelRequestFields", "thinking"),
            {"type": "enabled", "budget_tokens": 16_384},
        ),
    ],
)
def test_how_much_to_think_is_said_in_every_host_s_words(
    caller: str, host: str, style: ReasoningStyle, where: tuple[str, ...], wire: object
) -> None:
    model = replace(MODEL, reasoning=style)
    request = asked(caller, **HIGH[caller])
    if caller == host:
        return
    assert fit(request, model, host, STRICT) == FITS
    found: Any = sent(request, host, model)
    for key in where:
        found = found[key]
    assert found == wire


@pytest.mark.parametrize(("caller", "host"), ACROSS)
def test_a_model_that_cannot_be_told_to_think_serves_and_the_caller_hears_of_it(caller: str, host: str) -> None:
    (field,) = HIGH[caller]
    request = asked(caller, **HIGH[caller])
    assert fit(request, MODEL, host, STRICT) == Fit(left_out=(field,))
    assert "hink" not in json.dumps(sent(request, host, MODEL))
    assert "effort" not in json.dumps(sent(request, host, MODEL))


@pytest.mark.parametrize(
    "beside",
    [
        {"temperature": 0.2},
        {"top_p": 0.5},
        {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"},
        {"max_tokens": 500},
    ],
)
@pytest.mark.parametrize("host", ["anthropic_messages", "bedrock"])
def test_thinking_is_left_out_beside_what_excludes_it(beside: dict[str, object], host: str) -> None:
    model, request = replace(MODEL, reasoning=BUDGET), asked("openai_chat", reasoning_effort="high", **beside)
    assert fit(request, model, host, STRICT) == Fit(left_out=("reasoning_effort",))
    assert "thinking" not in json.dumps(sent(request, host, model))


def test_a_word_that_nobody_knows_passes_to_its_own_hosts_and_is_told_elsewhere() -> None:
    request = asked("openai_chat", reasoning_effort="ultra")
    assert sent(request, "openai_chat", MODEL)["reasoning_effort"] == "ultra"
    assert fit(request, replace(MODEL, reasoning=EFFORT), "gemini", STRICT) == Fit(left_out=("reasoning_effort",))


@pytest.mark.parametrize(
    ("caller", "off"),
    [("openai_chat", {"reasoning_effort": "none"}), ("anthropic_messages", {"thinking": {"type": "disabled"}})],
)
def test_not_to_think_is_no_wish_that_could_be_lost(caller: str, off: dict[str, object]) -> None:
    for host in HOSTS:
        assert fit(asked(caller, **off), MODEL, host, STRICT) == FITS
    body = sent(asked(caller, **off), "gemini", replace(MODEL, reasoning=BUDGET))
    assert body["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 0}


@pytest.mark.parametrize(("tokens", "word"), [(1, "minimal"), (1_024, "minimal"), (5_000, "medium"), (10**6, "max")])
def test_a_budget_becomes_the_least_word_that_holds_it(tokens: int, word: str) -> None:
    assert Reasoning(budget_tokens=tokens).word.value == word


def test_a_word_becomes_a_budget_below_the_limit_of_the_answer() -> None:
    assert [Reasoning(effort).tokens(100_000) for effort in BUDGETS] == [*BUDGETS.values()]
    assert Reasoning(Effort.HIGH).tokens(4_096) == 4_095
    assert Reasoning(Effort.HIGH).tokens(1_024) is None
    assert Reasoning(Effort.NONE).tokens(100_000) is None
    assert [*BUDGETS] == [effort for effort in Effort if effort is not Effort.NONE]
    assert Reasoning().word is Effort.MEDIUM


def test_numbers_are_wanted_without_any_wish() -> None:
    assert fit(replace(a_request(), is_ranking=True), MODEL, "bedrock", STRICT) == FITS
    assert ToolChoice("none").may_be_parallel
