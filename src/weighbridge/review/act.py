"""`act`: what a person may do to a review item, and what the item is afterwards."""

from dataclasses import replace

from weighbridge.domain.errors import ReviewConflictError
from weighbridge.domain.review import ReviewAct, ReviewItem, ReviewState, ReviewVerb

_DECIDING = frozenset({ReviewVerb.APPROVE, ReviewVerb.CORRECT})


def act(item: ReviewItem, done: ReviewAct) -> ReviewItem:
    """The item after `done`, one version on.

    A claim whose lock has run out binds nobody. With four eyes the first approval or correction waits, open again, for
    the approval of a second person; a differing correction takes its place and waits in turn. Raises
    ReviewConflictError when the item's state or another person's claim forbids it.
    """
    if item.state.is_final:
        raise _conflict(f"Review {item.id!r} is already {item.state}.", "Look at it with `weighbridge review show`.")
    if done.at >= item.deadline:
        raise _conflict(f"Review {item.id!r} was due at {item.deadline}.", "It expires; nothing can be decided now.")
    if is_locked(item, done.at) and item.assignee != done.reviewer:
        raise _conflict(
            f"Review {item.id!r} is claimed by {item.assignee!r} until {item.locked_until}.",
            "Take another one, or wait until the claim runs out.",
        )
    return replace(_moved(item, done), acts=(*item.acts, done), version=item.version + 1)


def expire(item: ReviewItem, answer: str | None) -> ReviewItem:
    """The item that nobody decided in time; `answer` is what the task declares for that case."""
    if item.state.is_final:
        raise _conflict(f"Review {item.id!r} is already {item.state}.", "Nothing has to be done.")
    return replace(_freed(item, ReviewState.EXPIRED), answer=answer, version=item.version + 1)


def lapse(item: ReviewItem, now: str) -> ReviewItem:
    """The item once the claim on it has run out: open for everybody. Raises ReviewConflictError while it holds."""
    if item.state is not ReviewState.CLAIMED or is_locked(item, now):
        raise _conflict(f"Review {item.id!r} has no claim that ran out.", "Nothing has to be done.")
    return replace(_freed(item, ReviewState.OPEN), version=item.version + 1)


def without_content(item: ReviewItem) -> ReviewItem:
    """A decided item as it is kept where the task keeps no content: the answer, which its caller has still to fetch,
    and who did what when. What was asked, what the model proposed and what others corrected it to is gone."""
    acts = tuple(replace(done, answer=None) for done in item.acts)
    return replace(item, conversation=(), proposed=None, acts=acts)


def is_locked(item: ReviewItem, now: str) -> bool:
    """Somebody's claim holds at `now` (RFC 3339)."""
    return item.state is ReviewState.CLAIMED and item.locked_until is not None and now < item.locked_until


def pending(item: ReviewItem) -> ReviewAct | None:
    """With four eyes: the decision that waits for a second person."""
    decided = [done for done in item.acts if done.verb in _DECIDING]
    return decided[-1] if item.needs_two and decided and not item.state.is_final else None


def _moved(item: ReviewItem, done: ReviewAct) -> ReviewItem:
    match done.verb:
        case ReviewVerb.CLAIM:
            return replace(
                item, state=ReviewState.CLAIMED, assignee=done.reviewer, locked_until=done.locked_until or item.deadline
            )
        case ReviewVerb.RELEASE:
            return _released(item, done)
        case ReviewVerb.APPROVE:
            return _approved(item, done)
        case ReviewVerb.CORRECT:
            return _corrected(item, done)
        case ReviewVerb.REJECT:
            return _freed(item, ReviewState.REJECTED)


def _released(item: ReviewItem, done: ReviewAct) -> ReviewItem:
    if not is_locked(item, done.at):
        raise _conflict(f"Review {item.id!r} is not claimed.", "There is nothing to release.")
    return _freed(item, ReviewState.OPEN)


def _approved(item: ReviewItem, done: ReviewAct) -> ReviewItem:
    first = pending(item)
    if first is None:
        if item.proposed is None:
            raise _conflict(f"Review {item.id!r} has no answer to approve.", "Correct it, or reject it.")
        if item.needs_two:
            return _freed(item, ReviewState.OPEN)
        return replace(_freed(item, ReviewState.APPROVED), answer=item.proposed)
    if first.reviewer == done.reviewer:
        raise _conflict(f"Review {item.id!r} needs a second person.", "Somebody else has to approve your decision.")
    if first.verb is ReviewVerb.CORRECT:
        return replace(_freed(item, ReviewState.CORRECTED), answer=first.answer)
    return replace(_freed(item, ReviewState.APPROVED), answer=item.proposed)


def _corrected(item: ReviewItem, done: ReviewAct) -> ReviewItem:
    if done.answer is None:
        raise _conflict("A correction without an answer.", "Say what the answer is.")
    if item.needs_two:
        return _freed(item, ReviewState.OPEN)
    return replace(_freed(item, ReviewState.CORRECTED), answer=done.answer)


def _freed(item: ReviewItem, state: ReviewState) -> ReviewItem:
    return replace(item, state=state, assignee=None, locked_until=None)


def _conflict(condition: str, advice: str) -> ReviewConflictError:
    return ReviewConflictError(condition, advice=advice)
