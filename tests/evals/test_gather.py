"""Datasets from reviews and feedback: what people said is right, and only where the task keeps content."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from make import a_classification, a_record, a_review
from weighbridge.cli.main import invoke
from weighbridge.domain.feedback import Feedback, Thumbs
from weighbridge.domain.record import Content, Record
from weighbridge.domain.review import ReviewAct, ReviewState, ReviewVerb, Turn
from weighbridge.evals.dataset import load_dataset
from weighbridge.evals.gather import Found, gather, of_record, of_review
from weighbridge.pipeline.gateway import Gateway

ACT = ReviewAct(ReviewVerb.APPROVE, "ann", "2026-11-25T01:00:00Z")
ASKED = (Turn("system", "Say which kind.", is_instruction=True), Turn("user", "an invoice"))


def said(thumbs: Thumbs | None = None, label: str | None = None) -> Feedback:
    return Feedback("fb_1", "rec_1", "2026-11-25T01:00:00Z", "ann", thumbs, label)


def kept(prompt: str = "user: an invoice", messages: int = 1) -> Record:
    signals = {"message_count": messages}
    return a_record(content=Content(prompt, "invoice"), classification=a_classification(signals=signals))


def test_an_approved_answer_is_a_target_and_a_good_one() -> None:
    item = a_review(state=ReviewState.APPROVED, conversation=ASKED, proposed="invoice", answer="invoice", acts=(ACT,))
    assert of_review(item) == Found(item.id, "an invoice", "invoice", "reviewed", "invoice", is_good=True)


def test_a_corrected_answer_is_a_target_and_the_proposed_one_a_bad_one() -> None:
    item = a_review(state=ReviewState.CORRECTED, conversation=ASKED, proposed="legal", answer="invoice", acts=(ACT,))
    assert of_review(item) == Found(item.id, "an invoice", "invoice", "reviewed", "legal", is_good=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": ReviewState.REJECTED, "answer": None},
        {"conversation": ()},
        {"conversation": (*ASKED, Turn("assistant", "Which one?"), Turn("user", "this"))},
    ],
)
def test_what_says_nothing_right_of_one_text_is_left_out(changes: dict[str, object]) -> None:
    fields = {"state": ReviewState.APPROVED, "conversation": ASKED, "answer": "invoice", "acts": (ACT,), **changes}
    assert of_review(a_review(**fields)) is None


@pytest.mark.parametrize(
    ("remarks", "target", "is_good"),
    [
        ([said(Thumbs.UP)], "invoice", True),
        ([said(label="legal")], "legal", False),
        ([said(Thumbs.UP), said(label="legal")], "legal", False),
        ([said(Thumbs.UP), said(label="rude")], "invoice", True),
    ],
)
def test_remarks_say_what_is_right(remarks: list[Feedback], target: str, is_good: bool) -> None:
    found = of_record(kept(), remarks, ["invoice", "legal"])
    assert found is not None
    assert (found.input, found.target, found.is_good) == ("an invoice", target, is_good)


def test_a_disliked_answer_says_nothing_of_the_right_one() -> None:
    assert of_record(kept(), [said(Thumbs.UP), said(Thumbs.DOWN)], ["invoice"]) is None


def test_no_content_and_whole_conversations_are_left_out() -> None:
    assert of_record(a_record(), [said(Thumbs.UP)], []) is None
    assert of_record(kept(messages=3), [said(Thumbs.UP)], []) is None


def test_each_question_counts_once_and_people_who_disagree_not_at_all() -> None:
    one, same = Found("1", "a", "x", "liked"), Found("2", "a", "x", "liked")
    yes, no = Found("3", "b", "x", "liked"), Found("4", "b", "y", "liked")
    gathered = gather([one, same, yes, no, None], 0.0)
    assert [row["id"] for row in gathered.rows] == ["1"]
    assert (gathered.contradicted, gathered.untold) == (1, 1)


def test_a_review_outweighs_remarks() -> None:
    gathered = gather([Found("1", "a", "x", "liked"), Found("2", "a", "y", "reviewed")], 0.0)
    assert [row["target"] for row in gathered.rows] == ["y"]


def test_the_split_follows_from_the_question_alone() -> None:
    def train(items: list[Found]) -> set[object]:
        return {row["input"] for row in gather(items, 0.3).rows if row["split"] == "train"}

    items = [Found(str(at), f"question {at}", "x", "liked") for at in range(500)]
    assert train(items[:250]) == train(items) & {item.input for item in items[:250]}
    assert 100 < len(train(items)) < 200


CONFIG = """version: 1
models:
  small: {host: simulated, context_window_tokens: 8000, max_output_tokens: 100, tier: small,
    price: {input_usd_per_million: 1, output_usd_per_million: 1}}
tasks:
  tag: {risk_level: low, primary_model: small, storage: {content: true}, review: {when: always}}
  chat: {risk_level: low, primary_model: small, storage: {content: true}}
  bare: {risk_level: low, primary_model: small}
"""


async def answer_and_decide() -> None:
    async with Gateway.open("weighbridge.yaml") as gateway:
        with pytest.raises(Exception, match="A person has to decide"):
            await gateway.run(task="tag", input="an invoice")
        (item,) = await gateway.reviews()
        await gateway.decide(item.id, "correct", reviewer="ann", answer="invoice")
        liked = await gateway.run(task="chat", input="hello")
        await gateway.remark(liked.record.id, thumbs="up")


async def test_the_file_is_a_dataset_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weighbridge.yaml").write_text(CONFIG)
    await answer_and_decide()

    def command(*arguments: str) -> int:
        return invoke(["eval", "import", *arguments])

    assert await asyncio.to_thread(command, "tag", "--out", "tag.jsonl", "--json") == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 1
    (sample,) = load_dataset(tmp_path / "tag.jsonl").samples
    assert (sample.input, sample.target, sample.is_good) == ("an invoice", "invoice", False)
    assert stat.S_IMODE((tmp_path / "tag.jsonl").stat().st_mode) == 0o600
    assert await asyncio.to_thread(command, "chat", "--out", "chat.jsonl") == 0
    assert len(load_dataset(tmp_path / "chat.jsonl").samples) == 1
    assert await asyncio.to_thread(command, "tag", "--out", "tag.jsonl") == 2
    assert await asyncio.to_thread(command, "bare", "--out", "bare.jsonl") == 2
    assert "keeps no content" in capsys.readouterr().err
