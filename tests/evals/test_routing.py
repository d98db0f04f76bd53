"""Learned routers and certified cuts on known truth."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from weighbridge.config.routers import from_json, to_json
from weighbridge.domain.errors import ConfigError
from weighbridge.evals.apgr import apgr
from weighbridge.evals.calibrate import Weighed, calibrate, calibrate_router, has_threshold, proposed_change
from weighbridge.evals.difficulty import Outcome, calibration_error, learn
from weighbridge.evals.guarantee import Certified, Infeasible, certify_floor, certify_regret

DRAWS = 400
WORDS = {True: "integral theorem proof lemma", False: "colour name greeting weather"}


def outcomes(n: int, seed: int = 0) -> list[Outcome]:
    """Prompts with hard words gain from the strong model in 7 of 10 cases, the others in 1 of 10."""
    rng = np.random.default_rng(seed)
    found = []
    for at in range(n):
        is_hard = bool(rng.random() < 0.4)
        wins = bool(rng.random() < (0.7 if is_hard else 0.1))
        text = " ".join(rng.permutation(WORDS[is_hard].split())[:3]) + f" item {at}"
        number = None if rng.random() < 0.2 else float(rng.normal(2.0 * is_hard))
        found.append(Outcome(text, "math" if is_hard else "talk", {"size": number}, 0.0 if wins else 1.0, 1.0, str(at)))
    return found


def test_an_order_is_worth_what_its_area_says() -> None:
    gains = [1.0] * 20 + [0.0] * 80
    groups = [str(at) for at in range(100)]
    assert apgr(gains, gains, groups, resamples=0).value == pytest.approx(0.9)
    assert apgr([-gain for gain in gains], gains, groups, resamples=0).value == pytest.approx(0.1)
    found = apgr(list(np.random.default_rng(1).random(100)), gains, groups)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high
    assert apgr(gains, gains, groups, resamples=0).cpt50 == pytest.approx(0.10)
    with pytest.raises(ValueError, match="not better"):
        apgr(gains, [-gain for gain in gains], groups)


def test_a_router_learns_what_separates_the_prompts_and_is_calibrated() -> None:
    rows = outcomes(1_500)
    found = learn(rows, {"dataset": "d"})
    gains = [row.gain for row in rows]
    assert apgr(found.held_out, gains, [row.group for row in rows], resamples=0).value > 0.65
    assert found.calibration_error < 0.05
    hard = found.model.expected_gain("lemma theorem integral", "math", {"size": 2.0})
    easy = found.model.expected_gain("colour weather name", "talk", {"size": 0.0})
    assert hard == pytest.approx(0.7, abs=0.12)
    assert easy == pytest.approx(0.1, abs=0.08)


def test_a_router_without_numpy_says_what_scikit_learn_says() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    rows = outcomes(300, seed=4)
    plain = [replace(row, category=None, numbers={}) for row in rows]
    model = learn(plain, {}).model
    texts = TfidfVectorizer(ngram_range=(1, 2), min_df=1, sublinear_tf=True)
    table = texts.fit_transform([row.text for row in plain])
    ridge = Ridge(alpha=10.0, solver="sparse_cg", tol=1e-6).fit(table, [row.gain for row in plain])
    for text in ("Theorem proof, lemma!", "nothing known here", "", *(row.text for row in plain[:20])):
        expected = float(ridge.predict(texts.transform([text]))[0])
        assert model.raw(text, None, {}) == pytest.approx(expected, abs=1e-9)


def test_an_unknown_number_is_not_the_number_nought() -> None:
    model = learn(outcomes(600, seed=2), {}).model
    assert model.raw("x", None, {"size": None}) == model.raw("x", None, {})
    assert model.raw("x", None, {"size": None}) != model.raw("x", None, {"size": 0.0})


def test_few_prompts_are_calibrated_with_two_parameters_and_too_few_refused() -> None:
    assert len(learn(outcomes(120), {}).model.knots) == 50
    with pytest.raises(ValueError, match="at least 50"):
        learn(outcomes(40), {})


def test_an_artefact_comes_back_and_a_changed_one_does_not() -> None:
    model = learn(outcomes(200), {"dataset": "d"}).model
    content = to_json(model)
    assert from_json(content) == model
    for broken in (content.replace(b'"dataset": "d"', b'"dataset": "e"'), b"{}", b"no"):
        with pytest.raises(ConfigError, match="nobody changed"):
            from_json(broken)


def test_calibration_error_on_known_cases() -> None:
    assert calibration_error([0.25] * 4, [1, 0, 0, 0]) == pytest.approx(0)
    assert calibration_error([0.9] * 4, [0, 0, 0, 0]) == pytest.approx(0.9)


def pool(n: int = 20_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    score = rng.random(n)
    strong = (rng.random(n) < 0.85).astype(float)
    weak = strong * (rng.random(n) > 0.6 * score)
    return score, weak, strong


def test_promises_are_broken_in_at_most_5_of_100_draws() -> None:
    score, weak, strong = pool()
    gain, rng = strong - weak, np.random.default_rng(9)
    broken = {"regret": 0, "floor": 0}
    for _ in range(DRAWS):
        at = rng.integers(0, len(score), 1_000)
        kept = score < certify_regret(score[at], gain[at], 0.05).cut
        broken["regret"] += float(((gain > 0) & kept).mean()) > 0.05
        floor = certify_floor(score[at], weak[at], strong[at], 0.78)
        if isinstance(floor, Certified):
            broken["floor"] += float(np.where(score < floor.cut, weak, strong).mean()) < 0.78
    assert broken["regret"] / DRAWS <= 0.05 + 0.03
    assert broken["floor"] / DRAWS <= 0.05 + 0.03


def test_a_floor_above_the_strong_model_is_told_before_any_search() -> None:
    score, weak, strong = pool(1_000)
    found = certify_floor(score, weak, strong, 0.95)
    assert isinstance(found, Infeasible)
    assert found.strong < 0.95


def test_the_threshold_of_a_router_is_chosen_on_prompts_that_it_has_not_seen() -> None:
    """Each prompt has a word of its own, which tells all about a prompt that was learned from and nothing of others."""
    rng, broken = np.random.default_rng(11), 0
    for _ in range(10):
        rows = list[Weighed]()
        for _ in range(1_600):
            is_hard = bool(rng.random() < 0.5)
            weak = float(rng.random() > (0.5 if is_hard else 0.2))
            rows.append(Weighed(f"{'hard' if is_hard else 'easy'} w{rng.integers(10**9)}", None, weak, 1.0, 1.0, 9.0))
        found, _ = calibrate_router(rows[:600], rows[600:], {}, 0.1)
        broken += (found.regret or 0.0) > 0.1
    assert broken <= 1


def weighed(n: int, seed: int) -> list[Weighed]:
    """The cheap model is right as often as it says."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.5, 1.0, n)
    return [Weighed("", float(at), float(rng.random() < at), 1.0, 0.001, 0.01) for at in sure]


def test_a_threshold_keeps_its_promise_on_prompts_it_never_saw() -> None:
    found = calibrate(weighed(2_000, 1), weighed(5_000, 2), 0.05)
    assert found.regret is not None
    assert found.regret <= 0.05
    assert 0.5 < found.threshold < 1
    assert found.quality == pytest.approx(1 - found.regret)
    assert found.escalated is not None
    assert found.cost_ratio == pytest.approx(0.1 + found.escalated)


def test_a_threshold_is_broken_in_at_most_5_of_100_calibrations() -> None:
    rest = weighed(20_000, 3)
    broken = sum((calibrate(weighed(400, 100 + at), rest[:4_000], 0.1).regret or 0) > 0.1 + 0.012 for at in range(60))
    assert broken <= 6


def test_an_unknown_confidence_always_escalates() -> None:
    rows = [Weighed("", None, 0.0, 1.0, None, None)] * 30 + [Weighed("", 0.9, 1.0, 1.0, None, None)] * 170
    found = calibrate(rows, rows, 0.02)
    assert (found.escalated, found.recall, found.cost_ratio) == (0.15, 1.0, None)


def test_too_few_prompts_choose_nothing() -> None:
    with pytest.raises(ValueError, match="at least 50"):
        calibrate(weighed(49, 1), [], 0.1)


@pytest.mark.parametrize(
    ("condition", "is_one"),
    [
        ("confidence < 0.80 or validation_fails", True),
        ("confidence < 0.5", True),
        ("confidence < 0.5 and risk == 'high'", False),
        ("not (confidence < 0.5)", False),
        ("confidence < 0.5 or confidence < 0.7", False),
        ("validation_fails", False),
    ],
)
def test_only_a_threshold_that_nothing_narrows_can_be_promised(condition: str, is_one: bool) -> None:
    assert has_threshold(condition) is is_one


def test_the_change_of_a_record_is_shown_to_be_reviewed(tmp_path: Path) -> None:
    path = tmp_path / "weighbridge.yaml"
    path.write_text("tasks:\n  tag:\n    routing_policy: {escalate_when: confidence < 0.80 or validation_fails}\n")
    change = proposed_change(path, "confidence < 0.80 or validation_fails", 0.6123)
    assert change is not None
    assert "+    routing_policy: {escalate_when: confidence < 0.6123 or validation_fails}" in change[2]
    assert proposed_change(path, "confidence < 0.7", 0.5) is None
    assert json.dumps(change[2])
