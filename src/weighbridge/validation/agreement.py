"""How far several answers of one model to one question agree."""

from collections.abc import Sequence

import jiter
import orjson


def agreement(answer: str, others: Sequence[str]) -> float | None:
    """Share of all answers, `answer` included, that say what it says; `None` when there is no other one.

    JSON is compared as a value, any other text without case and surrounding or repeated space. Meant for labels, fields
    and short answers: two good essays never agree. (Self-consistency: Wang et al., arXiv 2203.11171.)
    """
    if not others:
        return None
    own = _plain(answer)
    return (1 + sum(_plain(other) == own for other in others)) / (1 + len(others))


def _plain(text: str) -> bytes | str:
    try:
        value = jiter.from_json(text.strip().encode(errors="surrogatepass"), allow_inf_nan=False)
        if isinstance(value, dict | list):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError):
        pass
    return " ".join(text.casefold().split())
