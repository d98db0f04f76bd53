"""What people may do to an item: the table, and a machine that cannot get stuck."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from make import a_review
from weighbridge.domain.errors import ReviewConflictError
from weighbridge.domain.review import ReviewAct, ReviewItem, ReviewState, ReviewVerb
from weighbridge.review.act import act, expire, is_locked, lapse, pending, without_content

START = datetime(2026, 11, 25, tzinfo=UTC)


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def did(verb: ReviewVerb, who: str = "ann", minutes: float = 1, answer: str | None = None) -> ReviewAct:
    return ReviewAct(verb, who, at(minutes), answer, locked_until=at(minutes + 15))


def after(*done: ReviewAct, item: ReviewItem | None = None) -> ReviewItem:
    result = item or a_review()
    for one in done:
        result = act(result, one)
    return result


CLAIM, RELEASE, APPROVE, REJECT = ReviewVerb.CLAIM, ReviewVerb.RELEASE, ReviewVerb.APPROVE, ReviewVerb.REJECT
CORRECT = ReviewVerb.CORRECT
TWO = a_review(needs_two=True)


@pytest.mark.parametrize(
    ("done", "state", "answer"),
    [
        ([did(APPROVE)], ReviewState.APPROVED, "invoice"),
        ([did(CORRECT, answer="legal")], ReviewState.CORRECTED, "legal"),
        ([did(REJECT)], ReviewState.REJECTED, None),
        ([did(CLAIM)], ReviewState.CLAIMED, None),
        ([did(CLAIM), did(RELEASE)], ReviewState.OPEN, None),
        ([did(CLAIM), did(APPROVE)], ReviewState.APPROVED, "invoice"),
        ([did(CLAIM), did(CLAIM, minutes=5)], ReviewState.CLAIMED, None),
        ([did(CLAIM), did(APPROVE, "bob", minutes=17)], ReviewState.APPROVED, "invoice"),
    ],
)
def test_each_move_has_one_result(done: list[ReviewAct], state: ReviewState, answer: str | None) -> None:
    item = after(*done)
    assert (item.state, item.answer) == (state, answer)
    assert item.acts == tuple(done)
    assert item.version == 1 + len(done)


@pytest.mark.parametrize(
    ("before", "done"),
    [
        ([did(APPROVE)], did(REJECT)),
        ([did(REJECT)], did(CLAIM)),
        ([did(CLAIM)], did(APPROVE, "bob")),
        ([did(CLAIM)], did(CLAIM, "bob")),
        ([did(CLAIM)], did(RELEASE, "bob")),
        ([], did(RELEASE)),
        ([], did(APPROVE, minutes=24 * 60)),
        ([], did(CORRECT)),
    ],
)
def test_a_wrong_move_is_a_conflict_that_says_why(before: list[ReviewAct], done: ReviewAct) -> None:
    item = after(*before)
    with pytest.raises(ReviewConflictError, match=r"\w+"):
        act(item, done)


def test_there_is_nothing_to_approve_where_no_model_answered() -> None:
    with pytest.raises(ReviewConflictError, match="no answer to approve"):
        act(a_review(proposed=None), did(APPROVE))


def test_four_eyes_need_two_people() -> None:
    first = after(did(APPROVE), item=TWO)
    assert (first.state, first.answer) == (ReviewState.OPEN, None)
    with pytest.raises(ReviewConflictError, match="second person"):
        act(first, did(APPROVE))
    assert after(did(APPROVE, "bob"), item=first).state is ReviewState.APPROVED


def test_a_second_person_approves_a_correction_or_makes_another() -> None:
    corrected = after(did(CORRECT, answer="legal"), item=TWO)
    waiting = pending(corrected)
    assert waiting is not None
    assert waiting.answer == "legal"
    approved = after(did(APPROVE, "bob"), item=corrected)
    assert (approved.state, approved.answer) == (ReviewState.CORRECTED, "legal")
    other = after(did(CORRECT, "bob", answer="finance"), item=corrected)
    assert other.state is ReviewState.OPEN
    assert after(did(APPROVE), item=other).answer == "finance"


def test_an_expired_item_has_the_declared_answer_and_no_further_moves() -> None:
    item = expire(after(did(CLAIM)), "other")
    assert (item.state, item.answer, item.assignee) == (ReviewState.EXPIRED, "other", None)
    with pytest.raises(ReviewConflictError):
        expire(item, None)


def test_a_claim_that_ran_out_opens_the_item_and_one_that_holds_does_not() -> None:
    claimed = after(did(CLAIM))
    assert claimed.locked_until is not None
    freed = lapse(claimed, claimed.locked_until)
    assert (freed.state, freed.assignee, freed.version) == (ReviewState.OPEN, None, claimed.version + 1)
    for item, now in ((claimed, claimed.created_at), (freed, claimed.locked_until)):
        with pytest.raises(ReviewConflictError, match="no claim that ran out"):
            lapse(item, now)


def test_without_content_an_item_keeps_the_answer_and_who_did_what() -> None:
    item = without_content(after(did(CLAIM), did(CORRECT, answer="legal")))
    assert (item.conversation, item.proposed, item.has_content, item.answer) == ((), None, False, "legal")
    assert [(done.verb, done.reviewer, done.answer) for done in item.acts] == [
        (CLAIM, "ann", None),
        (CORRECT, "ann", None),
    ]


class AnyItem(RuleBasedStateMachine):
    """Any people doing anything at any time."""

    @initialize(needs_two=st.booleans(), has_answer=st.booleans())
    def begin(self, needs_two: bool, has_answer: bool) -> None:
        self.item = a_review(needs_two=needs_two, proposed="invoice" if has_answer else None)
        self.minutes = 0.0

    @rule(
        verb=st.sampled_from(ReviewVerb), who=st.sampled_from(["ann", "bob", "cy"]), later=st.sampled_from([0, 1, 20])
    )
    def anybody_does_anything(self, verb: ReviewVerb, who: str, later: int) -> None:
        self.minutes += later
        before = self.item
        try:
            self.item = act(before, did(verb, who, self.minutes, "legal" if verb is CORRECT else None))
        except ReviewConflictError:
            assert self.item == before
            return
        assert not before.state.is_final
        assert self.item.version == before.version + 1
        self._is_sound()

    def _is_sound(self) -> None:
        item = self.item
        has_answer = item.state in {ReviewState.APPROVED, ReviewState.CORRECTED}
        assert (item.answer is not None) == has_answer
        assert (item.assignee is not None) == (item.state is ReviewState.CLAIMED)
        if item.needs_two and has_answer:
            deciding = [done.reviewer for done in item.acts if done.verb in {APPROVE, CORRECT}]
            assert deciding[-1] != deciding[-2]

    @rule()
    def a_claim_never_binds_for_longer_than_its_lock(self) -> None:
        if self.item.state is ReviewState.CLAIMED:
            assert not is_locked(self.item, at(self.minutes + 15))

    @rule()
    def it_can_always_be_closed(self) -> None:
        if not self.item.state.is_final:
            assert expire(self.item, None).state.is_final


TestNoItemGetsStuck = AnyItem.TestCase


def test_a_version_goes_up_with_every_change() -> None:
    assert replace(after(did(CLAIM)), acts=()).version == 2
