import pytest
from hypothesis import given
from hypothesis import strategies as st

from make import a_model, a_policy, a_request, a_task
from weighbridge.classify.classify import classify
from weighbridge.classify.examples import ExampleIndex
from weighbridge.domain.caller import ANONYMOUS, Caller
from weighbridge.domain.errors import ForbiddenError, InvalidFieldError, NotFoundError
from weighbridge.domain.levels import Risk, Sensitivity
from weighbridge.domain.policy import Policy, SignalKind, SignalRule
from weighbridge.domain.request import Request, Role, Tool, say
from weighbridge.domain.signals import REQUEST_SIGNALS, Basis, Classification
from weighbridge.domain.task import Rule
from weighbridge.domain.usage import TokenCount

INVOICES = a_task("invoices", rules=(Rule("invoice words", keywords=("invoice", "credit note")),))
REPORTS = a_task("reports", risk=Risk.MEDIUM, examples=("Summarize this report in one paragraph",))
TALK = a_task("talk")
POLICY = a_policy(INVOICES, REPORTS, TALK, default_task="talk")


def classified(request: Request, policy: Policy = POLICY, caller: Caller = ANONYMOUS) -> Classification:
    return classify(request, caller, policy, ExampleIndex.build(policy), lambda name: TokenCount(7, name))


def of_task(found: Classification) -> tuple[str, Basis]:
    return found.task, found.task_basis


def test_a_stated_task_is_taken_as_it_is() -> None:
    assert of_task(classified(a_request("my invoice", task="talk"))) == ("talk", Basis.STATED)


def test_a_task_can_be_stated_as_the_model() -> None:
    assert of_task(classified(a_request(model="task/reports"))) == ("reports", Basis.STATED)


def test_the_same_task_may_be_stated_twice_but_not_two_tasks() -> None:
    assert classified(a_request(model="task/talk", task="talk")).task == "talk"
    with pytest.raises(InvalidFieldError, match="Two tasks are stated"):
        classified(a_request(model="task/talk", task="reports"))


@pytest.mark.parametrize("stated", [{"task": "report"}, {"model": "task/report"}])
def test_an_unknown_task_is_answered_with_the_nearest_name(stated: dict[str, str]) -> None:
    with pytest.raises(NotFoundError, match="There is no task 'report'") as caught:
        classified(a_request(**stated))
    assert (caught.value.code, caught.value.advice) == ("unknown_task", "Did you mean 'reports'?")


def test_a_wrong_name_is_quoted_only_in_part() -> None:
    with pytest.raises(NotFoundError) as caught:
        classified(a_request(task="x" * 100_000))
    assert len(str(caught.value)) < 200


def test_an_unknown_model_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(NotFoundError, match="Did you mean 'fast-small'") as caught:
        classified(a_request(model="fast-smal"))
    assert caught.value.code == "unknown_model"


def test_a_key_uses_only_its_own_tasks() -> None:
    caller = Caller("reporter", tasks=frozenset({"reports"}))
    assert classified(a_request(task="reports"), caller=caller).task == "reports"
    with pytest.raises(ForbiddenError) as caught:
        classified(a_request(task="talk"), caller=caller)
    assert caught.value.code == "task_not_allowed"


def test_a_rule_of_a_task_that_the_key_may_not_use_does_not_count() -> None:
    caller = Caller("talker", tasks=frozenset({"talk"}))
    assert of_task(classified(a_request("An invoice"), caller=caller)) == ("talk", Basis.DEFAULT)


def test_a_key_without_pinning_may_not_name_a_model() -> None:
    assert classified(a_request(model="fast-small")).task == "talk"
    with pytest.raises(ForbiddenError) as caught:
        classified(a_request(model="fast-small"), caller=Caller("app", may_pin=False))
    assert caught.value.code == "pinning_not_allowed"


@pytest.mark.parametrize("text", ["An INVOICE is attached", "your credit\nnote", "«invoice»"])
def test_a_rule_recognises_its_words_in_any_case(text: str) -> None:
    found = classified(a_request(text))
    assert of_task(found) == ("invoices", Basis.RULE)
    assert found.evidence == "rule 'invoice words' matched"


@pytest.mark.parametrize("text", ["invoicing", "reinvoice", "credit notes", "invoice_id"])
def test_a_keyword_matches_whole_words_only(text: str) -> None:
    assert classified(a_request(text)).task_basis is not Basis.RULE


@pytest.mark.parametrize(
    ("rule", "text", "matches"),
    [
        (Rule("r", pattern=r"^PO-\d+"), "PO-77 is late", True),
        (Rule("r", pattern=r"^PO-\d+"), "our PO-77", False),
        (Rule("r", min_words=3), "a b c", True),
        (Rule("r", min_words=3), "a b", False),
        (Rule("r", max_words=2), "a b c", False),
        (Rule("r", keywords=("late",), max_words=2), "late delivery", True),
        (Rule("r", keywords=("late",), max_words=2), "very late delivery", False),
        (Rule("r", metadata={"team": "x"}), "anything", True),
        (Rule("r", metadata={"team": "y"}), "anything", False),
        (Rule("r"), "anything", False),
    ],
)
def test_every_stated_part_of_a_rule_must_hold(rule: Rule, text: str, matches: bool) -> None:
    policy = a_policy(a_task("ruled", rules=(rule,)), TALK, default_task="talk")
    found = classified(a_request(text, metadata={"team": "x"}), policy)
    assert (found.task == "ruled") is matches


def test_rules_are_tried_in_the_order_of_the_file() -> None:
    first, second = (a_task(name, rules=(Rule(name, keywords=("hello",)),)) for name in ("zebra", "ant"))
    assert classified(a_request("hello"), a_policy(first, second)).task == "zebra"


def test_a_rule_looks_at_the_newest_user_message() -> None:
    messages = (say(Role.USER, "invoice"), say(Role.ASSISTANT, "invoice"), say(Role.USER, "thanks"))
    assert classified(a_request(messages=messages)).task == "talk"


def test_an_example_recognises_what_no_rule_did() -> None:
    found = classified(a_request("Please summarize this report"))
    assert of_task(found) == ("reports", Basis.EXAMPLE)
    assert found.evidence == "similar to an example (0.51, threshold 0.45)"
    assert (found.risk, found.risk_basis) == (Risk.MEDIUM, Basis.TASK)


def test_without_any_sign_the_default_task_gets_it() -> None:
    found = classified(a_request("How are you?"))
    assert of_task(found) == ("talk", Basis.DEFAULT)
    assert found.evidence == "no rule or example matched; default task"


def test_without_a_default_the_caller_is_told_what_to_state() -> None:
    with pytest.raises(InvalidFieldError, match="one of: tag") as caught:
        classified(a_request(), a_policy(default_task=None))
    assert caught.value.param == "task"


@pytest.mark.parametrize(
    ("stated", "declared", "risk", "basis"),
    [
        (None, Risk.LOW, Risk.LOW, Basis.TASK),
        (Risk.HIGH, Risk.LOW, Risk.HIGH, Basis.STATED),
        (Risk.LOW, Risk.HIGH, Risk.HIGH, Basis.TASK),
        (Risk.MEDIUM, Risk.MEDIUM, Risk.MEDIUM, Basis.STATED),
    ],
)
def test_a_caller_may_raise_the_risk_and_never_lower_it(
    stated: Risk | None, declared: Risk, risk: Risk, basis: Basis
) -> None:
    found = classified(a_request(task="tag", risk=stated), a_policy(a_task("tag", risk=declared)))
    assert (found.risk, found.risk_basis) == (risk, basis)


def test_risk_that_nobody_stated_is_high() -> None:
    found = classified(a_request("How are you?"))
    assert (found.risk, found.risk_basis) == (Risk.HIGH, Basis.DEFAULT)


def test_a_stated_risk_holds_for_a_defaulted_task() -> None:
    assert classified(a_request("How are you?", risk=Risk.LOW)).risk is Risk.LOW


PUBLIC, INTERNAL, CONFIDENTIAL, RESTRICTED = Sensitivity
MAIL, KEY = "Write to ann@acme.org", "password=hunter2"


@pytest.mark.parametrize(
    ("of_caller", "of_the_task", "text", "level", "basis"),
    [
        (None, None, "hello", INTERNAL, Basis.DEFAULT),
        (PUBLIC, None, "hello", PUBLIC, Basis.CALLER),
        (PUBLIC, CONFIDENTIAL, "hello", CONFIDENTIAL, Basis.TASK),
        (RESTRICTED, CONFIDENTIAL, MAIL, RESTRICTED, Basis.CALLER),
        (PUBLIC, PUBLIC, MAIL, CONFIDENTIAL, Basis.DETECTOR),
        (None, CONFIDENTIAL, MAIL, CONFIDENTIAL, Basis.TASK),
        (CONFIDENTIAL, None, KEY, RESTRICTED, Basis.DETECTOR),
    ],
)
def test_the_strictest_claim_on_sensitivity_wins(
    of_caller: Sensitivity | None, of_the_task: Sensitivity | None, text: str, level: Sensitivity, basis: Basis
) -> None:
    policy = a_policy(a_task("tag", sensitivity=of_the_task))
    found = classified(a_request(text, task="tag"), policy, Caller("app", sensitivity=of_caller))
    assert (found.sensitivity, found.sensitivity_basis) == (level, basis)


def test_the_evidence_names_kinds_and_never_what_was_found() -> None:
    found = classified(a_request(f"{MAIL}, {KEY}", task="talk"))
    assert found.evidence == "task stated by the caller; found e-mail address, password"


def test_personal_data_in_an_earlier_message_counts() -> None:
    messages = (say(Role.SYSTEM, MAIL), say(Role.USER, "hello"))
    assert classified(a_request(messages=messages)).sensitivity is CONFIDENTIAL


def test_every_built_in_signal_is_there_with_its_type() -> None:
    found = classified(a_request(f"two words {MAIL}", task="talk", tools=(Tool("t", None, None),), is_stream=True))
    assert {name: type(value) for name, value in found.signals.items()} == dict(REQUEST_SIGNALS)
    assert found.signals == {
        "input_tokens": 7,
        "input_words": 5,
        "input_chars": 31,
        "message_count": 1,
        "has_tools": True,
        "is_stream": True,
        "task": "talk",
        "risk": "low",
        "sensitivity": "confidential",
        "has_personal_data": True,
        "has_secrets": False,
    }


def test_tokens_are_counted_by_the_primary_models_tokenizer() -> None:
    models = {"big": a_model("big", tokenizer="o200k_base")}
    policy = a_policy(a_task("tag", primary_model="big"), models=models)
    counted: list[str] = []

    def count(tokenizer: str) -> TokenCount:
        counted.append(tokenizer)
        return TokenCount(1, tokenizer)

    classify(a_request(), ANONYMOUS, policy, ExampleIndex.build(policy), count)
    assert counted == ["o200k_base"]


SECURITY = ("breach", "phishing")


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (SignalRule("s", SignalKind.INPUT_TOKENS), 7),
        (SignalRule("s", SignalKind.INPUT_WORDS), 4),
        (SignalRule("s", SignalKind.INPUT_CHARS), 16),
        (SignalRule("s", SignalKind.HAS_KEYWORDS, keywords=SECURITY), True),
        (SignalRule("s", SignalKind.NO_KEYWORDS, keywords=SECURITY), False),
        (SignalRule("s", SignalKind.NO_KEYWORDS, keywords=("reach",)), True),
        (SignalRule("s", SignalKind.MATCHES, pattern="[0-9]{2}$"), True),
        (SignalRule("s", SignalKind.METADATA, key="plan"), "gold"),
        (SignalRule("s", SignalKind.METADATA, key="absent"), None),
    ],
)
def test_a_declared_signal_is_computed_or_absent(rule: SignalRule, value: object) -> None:
    found = classified(a_request("a Breach, day 42", metadata={"plan": "gold"}), a_policy(signals=(rule,)))
    assert found.signals.get("s") == value


def test_a_keyword_in_the_callers_instructions_is_no_sign() -> None:
    messages = (say(Role.SYSTEM, "Watch for phishing."), say(Role.USER, "hello"))
    policy = a_policy(signals=(SignalRule("calm", SignalKind.NO_KEYWORDS, keywords=SECURITY),))
    assert classified(a_request(messages=messages), policy).signals["calm"] is True


def test_keywords_may_hold_any_sign_and_be_many() -> None:
    words = ("C++", "#urgent", "(a)", "naïve", "a.b", *(f"word{number}" for number in range(500)))
    policy = a_policy(signals=(SignalRule("s", SignalKind.HAS_KEYWORDS, keywords=words),))
    for text in ("I like c++!", "#URGENT", "see (a)", "NAÏVE", "a.b", "word499"):
        assert classified(a_request(text), policy).signals["s"] is True
    assert classified(a_request("axb word"), policy).signals["s"] is False


@given(st.text(st.characters()), st.sampled_from([None, *Risk]), st.sampled_from([None, *Sensitivity]))
def test_what_is_unknown_is_never_taken_for_harmless(text: str, risk: Risk | None, level: Sensitivity | None) -> None:
    found = classified(a_request(text, risk=risk), caller=Caller("app", sensitivity=level))
    if risk is None and found.task_basis is Basis.DEFAULT:
        assert found.risk is Risk.HIGH
    assert found.sensitivity.rank >= (Sensitivity.INTERNAL if level is None else level).rank
    assert set(REQUEST_SIGNALS) <= set(found.signals)
