"""What operators see: plain lines, tables, JSON for machines, errors on stderr, exit 0, 1 or 2."""

import json
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from weighbridge.cli.main import invoke

DEMO = """---
model=fast-small
fallback_used=False
cost=0.0000013
reason=classification is narrow enough for a cheaper primary model
text=invoice
---
model=frontier-reasoning
fallback_used=True
cost=0.0000445
reason=classification is narrow enough for a cheaper primary model
text=legal
---
model=frontier-reasoning
fallback_used=False
cost=0.000042
reason=high-risk request requires strongest reasoning and conservative fallback
text=legal
"""
PROBLEM = "version: 1\nmodles: {}\n"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLM_API_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "140")


Captured = pytest.CaptureFixture[str]


def test_demo_prints_three_scenarios_in_plain_lines(capsys: Captured) -> None:
    assert invoke(["demo"]) == 0
    assert capsys.readouterr().out.startswith(DEMO)


def test_demo_as_json_holds_the_records(capsys: Captured) -> None:
    assert invoke(["demo", "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)
    assert [run["record"]["is_fallback"] for run in runs] == [False, True, False]


def test_ask_answers_without_a_key(capsys: Captured) -> None:
    prompt = "Explain transformer attention in one sentence for a backend engineer."
    assert invoke(["ask", prompt]) == 0
    assert capsys.readouterr().out == (
        "provider=mock-local\ncost=0.0000067\n"
        "Transformers use attention to weigh relevant tokens in context before predicting the next token.\n"
    )


def test_run_says_what_served_and_why(capsys: Captured) -> None:
    assert invoke(["run", "classify", "--risk", "low", "--input", "An ambiguous mail."]) == 0
    out = capsys.readouterr().out
    assert "model=frontier-reasoning\nfallback_used=True\n" in out
    assert "text=legal\n" in out


def test_run_reads_a_file(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("Attached invoice.")
    assert invoke(["run", "classify", "--input", "@mail.txt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "invoice"


def test_run_reads_stdin(capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("Attached invoice.")
    with (tmp_path / "mail.txt").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert invoke(["run", "classify", "--input", "@-"]) == 0
    assert "text=invoice" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["run", "nope", "--input", "x"], 2, "unknown_task"),
        (["run", "classify", "--input", " "], 2, "empty_input"),
        (["run", "classify", "--input", "x", "--risk", "severe"], 2, "low, medium, high"),
        (["run", "classify", "--input", "@missing.txt"], 2, "missing.txt"),
        (["run", "classify", "--input", "caf\udce9"], 2, "UTF-8"),
        (["run", "classify"], 2, "input"),
        (["records", "--status", "zz"], 2, "answered"),
        (["records", "--limit", "-1"], 2, "limit"),
        (["bogus"], 2, "bogus"),
        (["explain", "rec_nothing"], 1, "unknown_record"),
        (["explain", "last"], 1, "unknown_record"),
        (["check", "missing.yaml"], 2, "missing.yaml"),
        (["serve", "--host", "0.0.0.0", "--port", "0"], 2, "keys"),
        (["serve", "--port", "65536"], 2, "65535"),
        (["ask", "hi", "--input-price", "cheap"], 2, "--input-price"),
        (["ask", "hi", "--output-price", "-1"], 2, "--output-price"),
        (["ask", "hi", "--output-price", "nan"], 2, "--output-price"),
    ],
)
def test_what_goes_wrong_is_said_on_stderr(capsys: Captured, arguments: list[str], status: int, said: str) -> None:
    assert invoke(arguments) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err


def test_a_port_that_is_taken_is_said_plainly(capsys: Captured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert invoke(["serve", "--port", str(port)]) == 2
    assert capsys.readouterr().err == (
        f"weighbridge: 127.0.0.1:{port} cannot be listened on: Address already in use. "
        "Choose another --port, or --host, or stop what listens there.\n"
    )


def test_check_lists_problems_with_their_place(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(PROBLEM)
    assert invoke(["check"]) == 2
    assert "weighbridge.yaml:2:1: modles" in capsys.readouterr().err
    assert invoke(["check", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert not found["ok"]
    assert "models" in {problem["nearest"] for problem in found["problems"]}


def test_check_says_what_a_valid_config_holds(capsys: Captured) -> None:
    assert invoke(["check"]) == 0
    assert "models: fast-small, balanced-summary, frontier-reasoning, frontier-backup" in capsys.readouterr().out


def test_explain_shows_every_model_and_every_attempt(capsys: Captured) -> None:
    invoke(["run", "classify", "--risk", "low", "--input", "An ambiguous mail."])
    capsys.readouterr()
    assert invoke(["explain", "last"]) == 0
    out = capsys.readouterr().out
    assert "not_in_selection_record" in out
    assert "label_not_allowed" in out
    assert "next candidate" in out


def test_a_rationale_with_brackets_is_shown_as_it_was_written(capsys: Captured, tmp_path: Path) -> None:
    rationale = "labels [urgent, low] go small :+1: [/b]"
    (tmp_path / "weighbridge.yaml").write_text(
        "version: 1\nmodels:\n  one: {host: simulated, price: {input_usd_per_million: 1, output_usd_per_million: 1},\n"
        "    context_window_tokens: 8000, max_output_tokens: 100}\ntasks:\n  greet: {risk_level: low,\n"
        f"    primary_model: one, fallback_model: [], routing_policy: {{rationale: '{rationale}'}}}}\n"
    )
    assert invoke(["run", "greet", "--input", "hello"]) == invoke(["explain", "last"]) == 0
    assert f"reason: {rationale}" in capsys.readouterr().out


def test_explain_as_json_is_what_the_api_gives(capsys: Captured) -> None:
    invoke(["demo"])
    capsys.readouterr()
    assert invoke(["explain", "last", "--json"]) == 0
    explanation = json.loads(capsys.readouterr().out)
    assert explanation["reason"]["code"] == "high_risk"


def test_records_can_be_narrowed(capsys: Captured) -> None:
    invoke(["demo"])
    capsys.readouterr()
    assert invoke(["records", "--task", "classify", "--fallback", "--json"]) == 0
    assert [row["served_model"] for row in json.loads(capsys.readouterr().out)] == ["frontier-reasoning"]
    assert invoke(["records"]) == 0
    assert "3 records, newest first" in capsys.readouterr().out


def test_every_command_explains_itself(capsys: Captured) -> None:
    for name in ("demo", "ask", "serve", "run", "check", "explain", "records"):
        assert invoke([name, "--help"]) == 0
        assert "Usage: weighbridge" in capsys.readouterr().out


BUDGETED = """
version: 1
models:
  one: {host: simulated, price: {input_usd_per_million: 1, output_usd_per_million: 2},
    context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
  mystery: {host: simulated, context_window_tokens: 8000, max_output_tokens: 100}
tasks:
  greet: {risk_level: low, primary_model: one, fallback_model: []}
default_task: greet
budgets:
  daily: {limit_usd: 0.5, period: day, task: greet}
  ever: {limit_usd: 100, period: total}
"""


def test_budget_show_remembers_what_was_spent(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(BUDGETED)
    invoke(["run", "greet", "--input", "hello there", "--json"])
    cost = json.loads(capsys.readouterr().out)["record"]["cost_usd"]
    assert invoke(["budget", "show", "--json"]) == 0
    daily, ever = json.loads(capsys.readouterr().out)
    assert (daily["spent_usd"], ever["spent_usd"], ever["resets_at"]) == (cost, cost, None)
    assert invoke(["budget", "show"]) == 0
    assert "begins anew" in capsys.readouterr().out


def test_budget_check_finds_what_does_not_agree(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(BUDGETED)
    invoke(["run", "greet", "--input", "hello there"])
    capsys.readouterr()
    assert invoke(["budget", "check"]) == 0
    assert "agrees with its book" in capsys.readouterr().out
    with closing(sqlite3.connect(tmp_path / "weighbridge.db")) as connection:
        connection.execute("UPDATE accounts SET spent_pico = 0 WHERE budget = 'ever'")
        connection.commit()
    assert invoke(["budget", "check", "--json"]) == 1
    (difference,) = json.loads(capsys.readouterr().out)["differences"]
    assert difference.startswith("Budget 'ever' keeps 0 USD")


@pytest.mark.parametrize(("tokens", "status", "told"), [(4, 0, "1 agree"), (400, 1, "1 of 1 differ")])
def test_a_bill_is_held_against_the_records(
    capsys: Captured, tmp_path: Path, tokens: int, status: int, told: str
) -> None:
    (tmp_path / "weighbridge.yaml").write_text(BUDGETED)
    invoke(["run", "greet", "--input", "hello there", "--json"])
    record = json.loads(capsys.readouterr().out)["record"]
    used = record["usage"]["input_tokens"], record["usage"]["output_tokens"]
    row = f"{record['created_at']},{record['attempts'][0]['served_by']},{used[0]},{used[1] + tokens - 4}"
    (tmp_path / "bill.csv").write_text(f"time,model,input_tokens,output_tokens\n{row}\n")
    assert invoke(["budget", "reconcile", "bill.csv", "--form", "csv"]) == status
    assert told in capsys.readouterr().out
    assert invoke(["budget", "reconcile", "bill.csv", "--form", "csv", "--json"]) == status
    assert json.loads(capsys.readouterr().out)["agrees"] is (status == 0)
    assert invoke(["budget", "reconcile", "gone.csv", "--form", "csv"]) == 2


def test_a_bill_of_an_hour_is_held_against_that_hour(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(BUDGETED)
    invoke(["run", "greet", "--input", "hello there", "--json"])
    record = json.loads(capsys.readouterr().out)["record"]
    model, day = record["attempts"][0]["served_by"], record["created_at"][:10]
    hour = (int(record["created_at"][11:13]) + 12) % 24
    rows = f"{day}T{hour:02}:00:00Z,{day}T{hour:02}:59:00Z,{model},0,0"
    (tmp_path / "bill.csv").write_text(f"begins,ends,model,input_tokens,output_tokens\n{rows}\n")
    assert invoke(["budget", "reconcile", "bill.csv", "--form", "csv"]) == 0


def test_prices_show_says_who_says_so_and_what_is_unknown(capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "weighbridge.yaml").write_text(BUDGETED)
    assert invoke(["prices", "show", "--json"]) == 0
    one, mystery = json.loads(capsys.readouterr().out)
    assert (one["input_usd_per_million"], one["origin"]) == ("1", "config")
    assert (mystery["input_usd_per_million"], mystery["origin"]) == (None, None)
    assert invoke(["prices", "show"]) == 0
    assert "unknown" in capsys.readouterr().out
