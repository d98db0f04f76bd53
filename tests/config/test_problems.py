"""Every kind of mistake: file, line, column, key, what was expected, the nearest valid name."""

from pathlib import Path

import pytest

from config.files import MODELS, TASK, only_problem, problems_of
from weighbridge.config.load import load_policy
from weighbridge.domain.errors import ConfigError


def place(marked: str, first_line: int) -> tuple[int, int]:
    """Line and column of the `^` in text that begins on `first_line`."""
    before = marked[: marked.index("^")]
    return first_line + before.count("\n"), len(before) - before.rfind("\n")


@pytest.mark.parametrize(
    ("marked", "key", "expected", "nearest"),
    [
        ("^bugdets: {}", "bugdets", "one of the keys version, hosts", "budgets"),
        ("^providers: {}", "providers", "this one is unknown", "hosts"),
        ("^telemetry: {}", "telemetry", "this one is unknown", None),
        ("default_task: ^tga", "default_task", "one of the tasks tag", "tag"),
        ("keys: {app: {secret: '${env:K}', tasks: [^tgg]}}", "keys.app.tasks[0]", "one of the tasks tag", "tag"),
        ("budgets: {b: {limit_usd: ^x, period: day}}", "budgets.b.limit_usd", "a number", None),
        ("budgets: {b: {limit_usd: ^-1, period: day}}", "budgets.b.limit_usd", "at least 0", None),
        ("budgets: {b: {limit_usd: ^0.0000000000001, period: day}}", "budgets.b.limit_usd", "pico-dollar", None),
        ("budgets: {b: {limit_usd: 1, period: ^dya}}", "budgets.b.period", "one of the values hour, day", "day"),
        ("budgets: {^b: {limit_usd: 1}}", "budgets.b.period", "this key, which is required", None),
        ("budgets: {b: {limit_usd: 1, period: day, key: ^ap}}", "budgets.b.key", "none is declared", None),
        ("budgets: {b: {limit_usd: 1, period: day, task: ^tog}}", "budgets.b.task", "one of the tasks tag", "tag"),
        ("budgets: {^'b b': {limit_usd: 1, period: day}}", "budgets.b b", "a name of letters, digits", None),
        ("budgets: ^[1]", "budgets", "a mapping of keys to values", None),
        ("store: {queue_limit: ^1.5}", "store.queue_limit", "a whole number", None),
        ("store: {queue_limit: ^true}", "store.queue_limit", "a whole number", None),
        ("store: {path: ^3}", "store.path", "text; put it in quotes", None),
        ("privacy: {default_sensitivity: ^secret}", "privacy.default_sensitivity", "public, internal", None),
        ("privacy: {retention_days: ^0}", "privacy.retention_days", "at least 1", None),
        ("recognise: {example_threshold: ^2}", "recognise.example_threshold", "at most 1", None),
        ("recognise: {example_threshold: ^true}", "recognise.example_threshold", "a number", None),
        ("signals: {urgent: {kind: ^has_keyword}}", "signals.urgent.kind", "has_keywords", "has_keywords"),
        ("signals: {^urgent: {kind: has_keywords}}", "signals.urgent.keywords", "which kind has_keywords needs", None),
        ("signals: {u: {kind: input_words, key: ^x}}", "signals.u.key", "kind input_words reads no key", None),
        ("signals: {u: {kind: matches, pattern: ^'(?=x)'}}", "signals.u.pattern", "linear-time syntax", None),
        ("signals: {^risk: {kind: input_words}}", "signals.risk", "a name that is not taken", None),
        ("signals: {^not: {kind: input_words}}", "signals.not", "a name that is not taken", None),
        ("signals: {^Loud: {kind: input_words}}", "signals.Loud", "lower case", None),
        ("sources: {h: ^{watch: true}}", "sources.h", "a path to watch", None),
        ("sources: {^'h h': {}}", "sources.h h", "letters, digits", None),
        ("sources: {h: {authority: ^hihg}}", "sources.h.authority", "one of the values not_authoritative", None),
        ("sources: {h: {readers: [^app]}}", "sources.h.readers[0]", "one of the keys", None),
        ("tools: {t: ^{description: d}}", "tools.t", "either url or function", None),
        ("tools: {t: {description: d, url: ^'http://{h}/x'}}", "tools.t.url", "whose host is fixed", None),
        ("tools: {t: {description: d, url: ^'file:///etc/passwd'}}", "tools.t.url", "http:// or https://", None),
        ("tools: {t: ^{description: d, url: 'http://h/{id}'}}", "tools.t", "a parameter for {id} in its url", None),
        (
            "tools: {t: {description: d, function: f, headers: ^{a: '${env:K}'}}}",
            "tools.t.headers",
            "references to secrets under secret_headers",
            None,
        ),
        ("tools: {t: {description: d, function: f, headers: ^{host: x}}}", "tools.t.headers", "other than host", None),
        ("tasks: ^3", "tasks", "a mapping of task names to records, or a list", None),
        ("tasks: [^3]", "tasks[0]", "a mapping of keys to values", None),
        ("default_task: tag\n^default_task: tag", "default_task", "each key once", None),
    ],
)
def test_a_mistake_in_a_section_is_told_at_its_place(
    tmp_path: Path, marked: str, key: str, expected: str, nearest: str | None
) -> None:
    """`^` stands before the place."""
    problem = only_problem(tmp_path, f"{MODELS}{marked.replace('^', '')}\n", {"K": "s"})
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "weighbridge.yaml"), *place(marked, 13))
    assert (problem.key, problem.nearest) == (key, nearest)
    assert expected in problem.expected


@pytest.mark.parametrize(
    ("row", "key", "expected", "nearest"),
    [
        ("host: ^simulatd", "host", "one of the hosts simulated", "simulated"),
        ("^model: gpt-5", "model", "this one is unknown", "upstream_name"),
        ("tier: ^smal", "tier", "one of the values small", "small"),
        ("cleared_for: ^secret", "cleared_for", "public, internal, confidential, restricted", None),
        ("tokenizer: ^o200k", "tokenizer", "one of the tokenizers words, cl100k_base", "o200k_base"),
        ("capabilities: [^tool]", "capabilities[0]", "one of the values audio, embeddings, files", "tools"),
        ("capabilities: ^tools", "capabilities", "a list", None),
        ("retires_on: ^soon", "retires_on", "a day such as 2027-06-30", None),
        ("retires_on: ^1700000000", "retires_on", "a day such as 2027-06-30", None),
        ("context_window_tokens: ^'16000'", "context_window_tokens", "a whole number", None),
        ("max_output_tokens: ^0", "max_output_tokens", "at least 1", None),
        ("^price: {input_usd_per_million: 1}", "price.output_usd_per_million", "required: output", None),
        (
            "price: {output_usd_per_million: 1, input_usd_per_million: ^free}",
            "price.input_usd_per_million",
            "a number",
            None,
        ),
        (
            "price: {output_usd_per_million: 1, input_usd_per_million: ^0.0000001}",
            "price.input_usd_per_million",
            "at most six decimals",
            None,
        ),
        (
            "price: {output_usd_per_million: 1, input_usd_per_million: ^nan}",
            "price.input_usd_per_million",
            "a finite number",
            None,
        ),
        (
            "price: {output_usd_per_million: 1, input_usd_per_million: ^true}",
            "price.input_usd_per_million",
            "a number",
            None,
        ),
        (
            "price: {output_usd_per_million: 1, input_usd_per_million: ^1.0000000000000000000001}",
            "price.input_usd_per_million",
            "at most 20 digits",
            None,
        ),
    ],
)
def test_a_mistake_in_a_model_is_told_at_its_place(
    tmp_path: Path, row: str, key: str, expected: str, nearest: str | None
) -> None:
    base = {"host": "simulated", "context_window_tokens": "9", "max_output_tokens": "9"}
    rest = "".join(f", {name}: {value}" for name, value in base.items() if name not in row)
    problem = only_problem(tmp_path, f"{MODELS}  x: {{{row.replace('^', '')}{rest}}}\n")
    assert (problem.line, problem.column) == (13, len("  x: {") + row.index("^") + 1)
    assert (problem.key, problem.nearest) == (f"models.x.{key}", nearest)
    assert expected in problem.expected


@pytest.mark.parametrize(
    ("row", "key", "expected"),
    [
        (
            "{dialect: openai, provider: x, base_url: 'http://x/v1'}",
            "dialect",
            "openai_chat, openai_responses, anthropic_messages",
        ),
        ("{dialect: openai_chat, base_url: 'http://x/v1'}", "provider", "the company or system behind this host"),
        ("{dialect: openai_chat, provider: x}", "base_url", "an http or https URL"),
        ("{dialect: openai_chat, provider: x, base_url: 'ftp://x'}", "base_url", "an http or https URL"),
        ("{dialect: openai_chat, provider: x, base_url: 'http://[x'}", "base_url", "an http or https URL"),
        ("{dialect: openai_chat, provider: x, base_url: 'http://x/ v1'}", "base_url", "an http or https URL"),
        (
            "{dialect: openai_chat, provider: x, base_url: 'http://me:pw@x/v1'}",
            "base_url",
            "secrets belong in credential",
        ),
        (
            "{dialect: openai_chat, provider: x, base_url: 'http://x/v1?key=3'}",
            "base_url",
            "secrets belong in credential",
        ),
        ("{dialect: simulated, base_url: 'http://x/v1'}", "base_url", "a simulated host belongs to the gateway"),
        (
            "{dialect: openai_chat, provider: x, base_url: 'http://x/v1', options: {a: 1}}",
            "options",
            "only simulated and local hosts",
        ),
    ],
)
def test_a_host_says_all_that_its_dialect_needs(tmp_path: Path, row: str, key: str, expected: str) -> None:
    problem = only_problem(tmp_path, f"{MODELS}hosts:\n  main: {row}\n")
    assert problem.key == f"hosts.main.{key}"
    assert problem.line == 14
    assert expected in problem.expected


@pytest.mark.parametrize("name", ["auto", "task/x"])
def test_a_model_cannot_take_a_routing_name(tmp_path: Path, name: str) -> None:
    row = "{host: simulated, context_window_tokens: 9, max_output_tokens: 9}"
    problem = only_problem(tmp_path, f"{MODELS}  {name}: {row}\n")
    assert (problem.line, problem.column, problem.key) == (13, 3, f"models.{name}")


@pytest.mark.parametrize(
    ("marked", "key", "expected", "nearest"),
    [
        ("^primery_model: small", "primery_model", "this one is unknown", "primary_model"),
        ("output: {labels: ^[]}", "output.labels", "at least 1 of them", None),
        ("output: {labels: [^'']}", "output.labels[0]", "text that is not empty", None),
        ("output: {labels: [^2024]}", "output.labels[0]", "text; put it in quotes", None),
        ("output: {min_words: 5, max_words: ^3}", "output.max_words", "at least min_words, which is 5", None),
        ("output: {pattern: ^'(a)\\1'}", "output.pattern", "no back-references", None),
        ("output: {json_schema: ^text}", "output.json_schema", "a JSON Schema as a mapping", None),
        ("output: {json_schema: ^{type: objec}}", "output.json_schema", "a valid JSON Schema", None),
        ("output: {json_schema: ^{$ref: 'file:///etc/passwd'}}", "output.json_schema", "never fetched", None),
        ("output: {json_schema: ^{pattern: '(?=x)'}}", "output.json_schema", "a valid JSON Schema", None),
        ("limits: {deadline_s: ^0}", "limits.deadline_s", "more than 0", None),
        ("limits: {max_attempts: ^50}", "limits.max_attempts", "at most 20", None),
        ("limits: {^max_cost: 1}", "limits.max_cost", "this one is unknown", "max_cost_usd"),
        ("limits: {when_too_long: ^cut}", "limits.when_too_long", "refuse, compact", None),
        (
            "quality_gate: {dataset: x, minimum_f1: 1, ^minimun_exact_match: 1}",
            "quality_gate.minimun_exact_match",
            "this one is unknown",
            "minimum_exact_match",
        ),
        ("quality_gate: {dataset: x, minimum_token_f1: ^92}", "quality_gate.minimum_token_f1", "at most 1", None),
        ("quality_gate: ^{dataset: x}", "quality_gate", "at least one minimum, such as", None),
        ("quality_gate: ^x", "quality_gate", "a mapping of keys to values", None),
        (
            "quality_gate: {dataset: x, minimum_exact_match: 1, drift: {maximum_invalid: ^0}}",
            "quality_gate.drift.maximum_invalid",
            "more than 0",
            None,
        ),
        (
            "quality_gate: {dataset: x, minimum_exact_match: 1, drift: {^maximum_late: 3}}",
            "quality_gate.drift.maximum_late",
            "this one is unknown",
            "maximum_latency_p95_s",
        ),
        ("canary: {model: ^small, share: 0.1}", "canary.model", "neither primary nor fallback", None),
        ("shadow: {model: strong, share: ^2, daily_budget_usd: 1}", "shadow.share", "at most 1", None),
        (
            "shadow: {model: strong, share: 1, daily_budget_usd: 1, judge: ^fair}",
            "shadow.judge",
            "none is declared",
            None,
        ),
        (
            "observability: {log_fields: [route, ^prompt_token]}",
            "observability.log_fields[1]",
            "one of the log fields record_id",
            "prompt_tokens",
        ),
        ("recognise: {rules: [^{name: a}]}", "recognise.rules[0]", "at least one of keywords", None),
        ("storage: {content: ^'yes'}", "storage.content", "true or false", None),
        ("stream: ^later", "stream", "live, validated", None),
        ("allowed_regions: ^eu", "allowed_regions", "a list", None),
        ("routing_policy: {use_primary_when: ^3}", "routing_policy.use_primary_when", "an expression", None),
        (
            "routing_policy: {use_primary_when: ^input_tokns < 3}",
            "routing_policy.use_primary_when",
            "one of the signals",
            "input_tokens",
        ),
        (
            "routing_policy: {use_primary_when: '^risk == 3'}",
            "routing_policy.use_primary_when",
            "risk, which is text",
            None,
        ),
        (
            "routing_policy:\n  use_primary_when: has_tools or ^confidence < 0.8",
            "routing_policy.use_primary_when",
            "belongs in escalate_when",
            None,
        ),
        (
            "routing_policy:\n  escalate_when: ^>-\n    confidence <\n    true",
            "routing_policy.escalate_when",
            "compared with a number",
            None,
        ),
    ],
)
def test_a_mistake_in_a_task_file_is_told_at_its_place(
    tmp_path: Path, marked: str, key: str, expected: str, nearest: str | None
) -> None:
    """`^` stands before the place."""
    problem = only_problem(tmp_path, tag=f"{TASK}{marked.replace('^', '')}\n")
    assert (problem.file, problem.line, problem.column) == (str(tmp_path / "tasks" / "tag.yaml"), *place(marked, 5))
    assert (problem.key, problem.nearest) == (key, nearest)
    assert expected in problem.expected


SPARE = """  spare:
    host: simulated
    context_window_tokens: 16000
    max_output_tokens: 1000
    tier: small
"""


@pytest.mark.parametrize(
    "gate",
    [
        "",
        "quality_gate: {dataset: x, minimum_exact_match: 1}\n",
        "quality_gate: {dataset: x, minimum_exact_match: 1, drift: {}, on_missing: warn}\n",
    ],
)
def test_a_canary_has_something_that_ends_it(tmp_path: Path, gate: str) -> None:
    text = f"{TASK}{gate}canary: {{model: spare, share: 0.1}}\n"
    problem = only_problem(tmp_path, MODELS + SPARE, tag=text)
    assert problem.key == "canary"
    assert "quality_gate with drift" in problem.expected


def test_a_judged_limit_needs_a_judge(tmp_path: Path) -> None:
    gate = "quality_gate: {dataset: x, minimum_exact_match: 1, drift: {minimum_judge: 0.5}}\n"
    assert "minimum_judge" in only_problem(tmp_path, tag=TASK + gate).expected


def test_a_schema_has_a_largest_size(tmp_path: Path) -> None:
    text = f"{TASK}output:\n  json_schema: {{description: {'x' * 70_000}}}\n"
    assert only_problem(tmp_path, tag=text).expected == "a JSON Schema of at most 65536 bytes"


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("risk_level: low\nprimary_model: smal\n", "primary_model", "one of the models small, strong"),
        ("risk_level: severe\nprimary_model: small\n", "risk_level", "low, medium, high"),
        ("primary_model: small\n", "risk_level", "this key, which is required"),
        (
            "risk_level: low\nprimary_model: small\nfallback_model: small\n",
            "fallback_model",
            "differ from primary_model",
        ),
        ("risk_level: low\nprimary_model: small\nfallback_model: [strong, strong]\n", "fallback_model", "differ"),
        ("risk_level: low\nprimary_model: small\nfallback_model: [strog]\n", "fallback_model[0]", "one of the models"),
        ("risk_level: high\nprimary_model: small\n", "fallback_model", "at least one model of tier frontier"),
    ],
)
def test_the_models_of_a_task_exist_differ_and_suffice(tmp_path: Path, text: str, key: str, expected: str) -> None:
    problem = only_problem(tmp_path, tag=f"task: tag\n{text}")
    assert problem.key == key
    assert expected in problem.expected


def test_a_misspelt_key_is_not_told_again_as_missing(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, tag=TASK.replace("primary_model", "primery_model"))
    assert (problem.line, problem.column, problem.nearest) == (3, 1, "primary_model")
    problem = only_problem(tmp_path, MODELS.replace("host: simulated", "hots: simulated", 1))
    assert (problem.key, problem.nearest) == ("models.small.hots", "host")


def test_all_problems_of_all_files_come_at_once_in_order(tmp_path: Path) -> None:
    main = MODELS.replace("tier: small", "tier: smal") + "default_task: other\nwhat: ever\n"
    problems = problems_of(tmp_path, main, a=TASK.replace("low", "lo"), b="task: x\n\tbad", c="primary_model: smal\n")
    assert [(Path(item.file).name, item.line, item.key) for item in problems] == [
        ("weighbridge.yaml", 7, "models.small.tier"),
        ("weighbridge.yaml", 13, "default_task"),
        ("weighbridge.yaml", 14, "what"),
        ("a.yaml", 2, "risk_level"),
        ("b.yaml", 2, "(the file)"),
        ("c.yaml", 1, "risk_level"),
        ("c.yaml", 1, "task"),
        ("c.yaml", 1, "primary_model"),
    ]


def test_a_broken_main_file_does_not_make_every_name_unknown(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "version: [1\n", tag=TASK + "limits: {x: 1}\n")
    assert [(Path(item.file).name, item.key) for item in problems] == [
        ("weighbridge.yaml", "(the file)"),
        ("tag.yaml", "limits.x"),
    ]


def test_a_signal_that_is_wrong_itself_is_told_once(tmp_path: Path) -> None:
    main = MODELS + "signals: {loud: {kind: shouting}}\n"
    problem = only_problem(tmp_path, main, tag=TASK + "routing_policy: {use_primary_when: loud}\n")
    assert problem.key == "signals.loud.kind"


def test_a_task_is_declared_once(tmp_path: Path) -> None:
    main = MODELS + "tasks:\n  tag: {risk_level: low, primary_model: strong}\n"
    problem = only_problem(tmp_path, main)
    assert (Path(problem.file).name, problem.line, problem.column, problem.key) == ("tag.yaml", 1, 7, "task")
    assert problem.expected.endswith("weighbridge.yaml:14 declares this task too")


def test_a_config_needs_a_version_and_a_model(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, "version: 2\nmodels:\n", tag=TASK)
    assert [problem.key for problem in problems[:2]] == ["version", "models"]
    assert problems[0].expected == "1, the only version of this format so far"


def test_an_empty_task_file_lacks_what_every_task_has(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, tag="# nothing yet\n")
    assert {problem.key for problem in problems} == {"task", "risk_level", "primary_model"}


def test_a_config_without_any_task_says_where_tasks_go(tmp_path: Path) -> None:
    path = tmp_path / "weighbridge.yaml"
    path.write_text(MODELS)
    with pytest.raises(ConfigError) as raised:
        load_policy(path, {})
    assert [problem.expected for problem in raised.value.problems] == ["at least one task, here or in tasks/*.yaml"]


def test_a_task_folder_that_cannot_be_listed_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "weighbridge.yaml"
    path.write_text(MODELS)
    (tmp_path / "tasks").symlink_to("tasks")
    with pytest.raises(ConfigError) as raised:
        load_policy(path, {})
    (problem,) = raised.value.problems
    assert problem.file == str(tmp_path / "tasks")
    assert problem.expected == "a readable file (too many levels of symbolic links)"


def test_a_problem_reads_as_one_line(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, tag=TASK.replace("primary_model: small", "primary_model: smal"))
    assert str(problem) == (
        f"{tmp_path}/tasks/tag.yaml:3:16: primary_model: "
        "expected one of the models small, strong. Did you mean 'small'?"
    )
