"""From files to a policy: the demo, the seed's record word for word, and every key that a config may hold."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from config.files import MODELS, TASK, policy_of, write
from weighbridge.config.load import DEMO, config_fingerprint, load_policy
from weighbridge.config.signals import SECURITY_KEYWORDS
from weighbridge.domain.budget import Budget
from weighbridge.domain.gate import Floor, OnMissingProof, QualityGate
from weighbridge.domain.levels import Capability, Risk, Sensitivity, Tier
from weighbridge.domain.money import Money, Price
from weighbridge.domain.patterns import linear_pattern
from weighbridge.domain.policy import Host, SignalKind, SignalRule
from weighbridge.domain.task import Contract, Limits, Rule, StreamMode, TooLong

SUPPORT = Path(__file__).parents[2] / "examples" / "support"
SEED_RECORD = """\
# The seed's model-selection record, its indentation restored.
task: support_ticket_tagging
risk_level: medium
primary_model: fast-hosted-small
fallback_model: hosted-frontier
quality_gate:
  dataset: evals/support_ticket_tags.yaml
  minimum_exact_match: 0.92
routing_policy:
  use_primary_when: ticket_length_tokens < 1200 and no_security_keywords_detected
  escalate_when: confidence < 0.80 or validation_fails
observability:
  log_fields:
    - route
    - prompt_tokens
    - completion_tokens
    - validation_status
    - fallback_reason
"""
FULL_TASK = """\
task: tag
risk_level: high
primary_model: strong
fallback_model: [small]
quality_gate: {dataset: evals/tag.yaml, minimum_exact_match: 0.92, minimum_token_f1: 1, on_missing: refuse}
routing_policy: {use_primary_when: loud, escalate_when: attempt > 2, rationale: because}
observability: {log_fields: [route]}
instructions: Be brief.
output:
  labels: [tax, "no"]
  min_words: 1
  max_words: 3
  max_tokens: 9
  json_schema: {type: object, properties: {share: {maximum: 0.5}}}
  required_fields: [share]
  pattern: ^a
limits:
  max_input_tokens: 10
  max_output_tokens: 20
  max_cost_usd: 0.10
  deadline_s: 2.5
  max_attempts: 4
  when_too_long: compact
sensitivity: confidential
allowed_regions: [eu]
allow_unknown_price: true
recognise:
  rules: [{name: r, keywords: [k], pattern: p, min_words: 1, max_words: 2, metadata: {a: b}}]
  examples: [one, two]
storage: {content: true, retention_days: 7}
stream: validated
"""


def test_the_seeds_record_loads_word_for_word() -> None:
    assert (SUPPORT / "tasks" / "support_ticket_tagging.yaml").read_bytes() == SEED_RECORD.encode()
    policy = load_policy(SUPPORT / "weighbridge.yaml", {})
    task = policy.tasks["support_ticket_tagging"]
    assert (task.risk, task.primary_model, task.fallback_models) == (
        Risk.MEDIUM,
        "fast-hosted-small",
        ("hosted-frontier",),
    )
    assert task.gate == QualityGate("evals/support_ticket_tags.yaml", (Floor("exact_match", minimum=0.92),))
    assert task.use_primary_when is not None
    assert task.use_primary_when.text == "ticket_length_tokens < 1200 and no_security_keywords_detected"
    assert task.escalate_when is not None
    assert task.escalate_when.test({"confidence": 0.9, "validation_fails": False}) is False
    assert task.log_fields[0] == "route"
    assert {rule.name: rule.kind for rule in policy.signals} == {
        "ticket_length_tokens": SignalKind.INPUT_TOKENS,
        "no_security_keywords_detected": SignalKind.NO_KEYWORDS,
    }


def test_the_demo_is_the_seeds_portfolio() -> None:
    policy = load_policy(None, {})
    prices = {name: (model.price, model.tier) for name, model in policy.models.items()}
    assert prices == {
        "fast-small": (Price.per_million("0.10", "0.30"), Tier.SMALL),
        "balanced-summary": (Price.per_million("0.60", "1.80"), Tier.BALANCED),
        "frontier-reasoning": (Price.per_million("3.00", "12.00"), Tier.FRONTIER),
        "frontier-backup": (Price.per_million("3.50", "14.00"), Tier.FRONTIER),
    }
    assert policy.hosts == {"simulated": Host("simulated", "simulated", "simulated")}
    assert policy.default_task == "reason"
    assert policy.store.path == "weighbridge.db"
    assert {model.tokenizer for model in policy.models.values()} == {"words"}


def test_the_demo_tasks_are_the_seeds_routes() -> None:
    tasks = load_policy(None, {}).tasks
    routes = {name: (task.risk, task.primary_model, *task.fallback_models) for name, task in tasks.items()}
    assert routes == {
        "classify": ("low", "fast-small", "frontier-reasoning", "frontier-backup"),
        "reason": ("medium", "frontier-reasoning", "frontier-backup"),
        "summarize": ("medium", "balanced-summary", "frontier-reasoning", "frontier-backup"),
    }
    assert tasks["classify"].contract == Contract(labels=("invoice", "renewal", "tax", "legal", "other"))
    assert tasks["summarize"].contract == Contract(min_words=10, max_words=300)
    assert all(task.instructions is None and task.limits.max_input_tokens for task in tasks.values())


def test_demo_requests_are_recognised_by_one_task_only() -> None:
    asked = {
        "Classify this vendor email: attached invoice for March.": "classify",
        "Please summarize why we classify mails.": "summarize",
        "Assess legal risk in this disputed contract clause.": "reason",
        "could you plan the migration": "reason",
    }
    patterns = {
        task.name: [linear_pattern(rule.pattern) for rule in task.rules if rule.pattern]
        for task in load_policy(None, {}).tasks.values()
    }
    for text, name in asked.items():
        assert [task for task, found in patterns.items() if any(item.occurs_in(text) for item in found)] == [name]


def test_every_key_of_a_record_reaches_the_task(tmp_path: Path) -> None:
    main = MODELS + "signals: {loud: {kind: matches, pattern: '!'}}\n"
    task = policy_of(tmp_path, main, tag=FULL_TASK).tasks["tag"]
    assert (task.risk, task.primary_model, task.fallback_models) == (Risk.HIGH, "strong", ("small",))
    assert task.gate == QualityGate(
        "evals/tag.yaml",
        (Floor("exact_match", minimum=0.92), Floor("token_f1", minimum=1.0)),
        OnMissingProof.REFUSE,
    )
    assert [when.text for when in (task.use_primary_when, task.escalate_when) if when] == ["loud", "attempt > 2"]
    assert task.contract == Contract(
        labels=("tax", "no"),
        min_words=1,
        max_words=3,
        max_tokens=9,
        schema_json='{"type":"object","properties":{"share":{"maximum":0.5}}}',
        required_fields=("share",),
        pattern="^a",
    )
    assert task.limits == Limits(10, 20, Money.usd("0.10"), 2.5, 4, TooLong.COMPACT)
    assert task.rules == (Rule("r", ("k",), "p", 1, 2, {"a": "b"}),)
    assert (task.sensitivity, task.allowed_regions) == (Sensitivity.CONFIDENTIAL, frozenset({"eu"}))
    assert (task.allows_unknown_price, task.stores_content, task.retention_days) == (True, True, 7)
    assert (task.examples, task.stream, task.instructions) == (("one", "two"), StreamMode.VALIDATED, "Be brief.")
    assert (task.rationale, task.log_fields) == ("because", ("route",))


def test_every_key_of_a_host_and_a_model_reaches_the_portfolio(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path,
        MODELS
        + """\
  big:
    host: main
    upstream_name: vendor/big-1
    price:
      input_usd_per_million: 0.10
      output_usd_per_million: "0.3"
      cache_read_usd_per_million: 0.000001
      cache_write_usd_per_million: 1
    context_window_tokens: 9
    max_output_tokens: 8
    cleared_for: restricted
    tokenizer: o200k_base
    capabilities: [tools, vision]
    retires_on: 2027-06-30
hosts:
  main: {dialect: openai_chat, provider: openai, base_url: "http://127.0.0.1:8080/v1/", region: eu}
  simulated: {dialect: simulated, options: {latency_s: 0.5, answers: [{answer: x}]}}
""",
    )
    big = policy.models["big"]
    assert big.price == Price(Money(100_000), Money(300_000), Money(1), Money(1_000_000))
    assert (big.host, big.upstream_name, big.tier) == ("main", "vendor/big-1", Tier.BALANCED)
    assert (big.tokenizer, big.retires_on, big.cleared_for) == ("o200k_base", date(2027, 6, 30), "restricted")
    assert big.capabilities == {Capability.TOOLS, Capability.VISION}
    assert policy.hosts["main"] == Host("main", "openai", "openai_chat", "http://127.0.0.1:8080/v1", region="eu")
    assert policy.hosts["simulated"].options == {"latency_s": 0.5, "answers": [{"answer": "x"}]}
    assert policy.models["small"].price is None


def test_the_rest_of_the_main_file_reaches_the_policy(tmp_path: Path) -> None:
    policy = policy_of(
        tmp_path,
        MODELS
        + """\
default_task: tag
recognise: {example_threshold: 0.5}
signals: {tone: {kind: metadata, key: tone}, no_security_keywords_detected: {kind: no_keywords, keywords: [fire]}}
budgets: {all: {limit_usd: 5, period: day}, tags: {limit_usd: "0.01", period: total, task: tag, key: app}}
keys: {app: {secret: "${env:APP}"}}
store: {path: records/all.db, queue_limit: 5}
privacy: {default_sensitivity: confidential, retention_days: 5}
""",
        {"APP": "s"},
    )
    assert (policy.default_task, policy.example_threshold) == ("tag", 0.5)
    assert policy.signals == (
        SignalRule("tone", SignalKind.METADATA, key="tone"),
        SignalRule("no_security_keywords_detected", SignalKind.NO_KEYWORDS, keywords=("fire",)),
    )
    assert policy.budgets == (
        Budget("all", Money.usd(5), "day"),
        Budget("tags", Money.usd(Decimal("0.01")), "total", "app", "tag"),
    )
    assert (policy.store.path, policy.store.queue_limit) == (str(tmp_path / "records/all.db"), 5)
    assert policy.tasks["tag"].sensitivity is Sensitivity.CONFIDENTIAL
    assert policy.tasks["tag"].retention_days == 5


def test_tasks_may_stand_in_the_main_file_as_mapping_or_list(tmp_path: Path) -> None:
    row = "risk_level: low, primary_model: strong"
    mapping = policy_of(tmp_path, f"{MODELS}tasks:\n  a: {{{row}}}\n  b: {{{row}}}\n")
    listed = policy_of(tmp_path, f"{MODELS}tasks:\n  - {{task: a, {row}}}\n  - {{task: b, {row}}}\n")
    assert list(mapping.tasks) == ["a", "b", "tag"]
    assert mapping.tasks == listed.tasks
    assert mapping.digest == listed.digest


def test_built_in_signals_are_computed_only_where_they_are_read(tmp_path: Path) -> None:
    assert policy_of(tmp_path).signals == ()
    text = TASK + "routing_policy: {use_primary_when: ticket_length_tokens < 9}\n"
    assert policy_of(tmp_path, tag=text).signals == (SignalRule("ticket_length_tokens", SignalKind.INPUT_TOKENS),)
    assert len(SECURITY_KEYWORDS) == len({word.lower() for word in SECURITY_KEYWORDS})


def test_other_files_beside_the_tasks_are_left_alone(tmp_path: Path) -> None:
    path = write(tmp_path)
    (path.parent / "tasks" / "README.md").write_text("# not YAML: [")
    (path.parent / "tasks" / ".hidden.yaml").write_text("not: [yaml")
    (path.parent / "tasks" / "more.yml").write_text(TASK.replace("tag", "more"))
    assert list(load_policy(path, {}).tasks) == ["more", "tag"]


def test_the_fingerprint_changes_with_any_file_that_matters(tmp_path: Path) -> None:
    path = write(tmp_path, MODELS + "# ${file:a.key}\n")
    seen = [config_fingerprint(path)]
    assert config_fingerprint(path) == seen[0]
    for name in ("weighbridge.yaml", "tasks/tag.yaml", "tasks/new.yaml", "a.key"):
        with (tmp_path / name).open("a") as file:
            file.write("#\n")
        seen.append(config_fingerprint(path))
    (tmp_path / "tasks" / "new.yaml").unlink()
    seen.append(config_fingerprint(path))
    assert len(set(seen)) == len(seen)


def test_a_fingerprint_of_nothing_is_still_one(tmp_path: Path) -> None:
    (tmp_path / "tasks").symlink_to("tasks")
    assert config_fingerprint(tmp_path / "gone.yaml").endswith("absent")
    assert config_fingerprint(DEMO) == config_fingerprint(DEMO)
