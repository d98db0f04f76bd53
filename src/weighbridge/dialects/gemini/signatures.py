"""Thought signatures, carried through formats that have no place for them: at the end of a tool call's id.

Gemini refuses a function call that it made with a thought and that comes back without its signature. Callers of other
formats send the call's id back as it was, so the signature travels in it. A call without one, of another model or an
older turn, goes out with the value that Google documents for that case.
https://ai.google.dev/gemini-api/docs/thought-signatures
"""

import base64
import binascii

_MARK = "__thought__"
NONE = "skip_thought_signature_validator"


def with_signature(call_id: str, signature: str | None) -> str:
    """The id for callers."""
    if not signature:
        return call_id
    return call_id + _MARK + base64.urlsafe_b64encode(signature.encode()).decode().rstrip("=")


def parted(call_id: str) -> tuple[str, str | None]:
    """The host's own id, and the signature; `None` where the id carries none that can be read."""
    own, mark, packed = call_id.partition(_MARK)
    if not mark:
        return call_id, None
    try:
        return own, base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode() or None
    except (binascii.Error, ValueError):
        return own, None
