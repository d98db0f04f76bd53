"""What the digest covers: every decision, no secret, no storage place."""

from pathlib import Path

import pytest

from config.files import MODELS, TASK, policy_of

KEY = "keys: {app: {secret: '${env:%s}'}}\n"


def digest(folder: Path, main: str = MODELS, tag: str = TASK, value: str = "s") -> str:
    return policy_of(folder, main, {"APP": value, "OTHER": value}, tag=tag).digest


def test_comments_order_of_keys_and_spelling_do_not_matter(tmp_path: Path) -> None:
    changed = MODELS.replace("    tier: small\n", "").replace("  small:\n", "  small:\n    tier: 'small' # same\n")
    assert digest(tmp_path, changed) == digest(tmp_path)
    assert len(digest(tmp_path)) == 64


def test_a_new_secret_behind_the_same_reference_decides_nothing(tmp_path: Path) -> None:
    assert digest(tmp_path, MODELS + KEY % "APP", value="a") == digest(tmp_path, MODELS + KEY % "APP", value="b")
    assert digest(tmp_path, MODELS + KEY % "APP") != digest(tmp_path, MODELS + KEY % "OTHER")


def test_where_records_live_decides_nothing(tmp_path: Path) -> None:
    assert digest(tmp_path, MODELS + "store: {path: other.db}\n") == digest(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "limits: {max_cost_usd: 0.1}",
        "routing_policy: {use_primary_when: input_tokens < 5}",
        "routing_policy: {use_primary_when: input_tokens < 6}",
        "sensitivity: public",
        "allowed_regions: [eu]",
        "recognise: {examples: [a, b]}",
        "recognise: {examples: [b, a]}",
        "output: {labels: [a]}",
    ],
)
def test_every_decision_changes_the_digest(tmp_path: Path, line: str) -> None:
    assert digest(tmp_path, tag=f"{TASK}{line}\n") != digest(tmp_path)


def test_the_order_of_the_portfolio_counts(tmp_path: Path) -> None:
    small, strong = MODELS.index("  small:"), MODELS.index("  strong:")
    swapped = MODELS[:small] + MODELS[strong:] + MODELS[small:strong]
    assert digest(tmp_path, swapped) != digest(tmp_path)
