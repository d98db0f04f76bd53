"""`tidy`: an answer of the wrong form brought into the right one, where nothing has to be guessed about its sense.

What comes out is a proposal: whoever calls this holds it against the contract again, and gives it only if it passes.
"""

import re
from dataclasses import replace

import jiter
import orjson

from weighbridge.domain.request import OutputFormat
from weighbridge.domain.response import Choice, FinishReason, Response
from weighbridge.domain.task import Contract
from weighbridge.domain.verdict import Tidying
from weighbridge.validation.structure import wants_json

LARGEST_REPAIR_CHARS = 20_000
"""The library repairs about 300 kB a second; a longer text is left as it is."""
_FENCE = re.compile(r"```[A-Za-z0-9_-]{0,20}\s*\n(.*?)\n?\s*```", re.DOTALL)
_LEAD = re.compile(
    r"^\W*(?:the\s+)?(?:(?:best|right|correct|final)\s+)?(?:label|category|class|classification|answer|intent|topic)?"
    r"(?:\s+(?:is|would be))?\s*[:=-]?\W*(.*?)\W*$",
    re.IGNORECASE | re.DOTALL,
)


def tidy(response: Response, contract: Contract, output: OutputFormat) -> tuple[Response, tuple[Tidying, ...]]:
    """The response with each choice tidied, and what was done; the response itself when there was nothing to do.

    An answer that was cut off, declined, or calls tools is left alone: what is missing cannot be repaired.
    """
    tidied = [_tidied(choice, contract, output) for choice in response.choices]
    done = tuple(dict.fromkeys(step for _, steps in tidied for step in steps))
    if not done:
        return response, ()
    return replace(response, choices=tuple(choice for choice, _ in tidied), body=None), done


def _tidied(choice: Choice, contract: Contract, output: OutputFormat) -> tuple[Choice, tuple[Tidying, ...]]:
    if choice.finish_reason is not FinishReason.STOP or choice.tool_calls or choice.refusal or not choice.text.strip():
        return choice, ()
    if contract.labels:
        found = _label(choice.text, contract)
    elif wants_json(contract, output):
        found = _json(choice.text)
    else:
        return choice, ()
    return (choice, ()) if found is None else (replace(choice, text=found[0]), (found[1],))


def _label(text: str, contract: Contract) -> tuple[str, Tidying] | None:
    """The label that the text names and nothing else, by its own name or a declared synonym."""
    names = {label.strip().casefold(): label for label in contract.labels}
    synonyms = {synonym.strip().casefold(): label for synonym, label in contract.synonyms}
    for said in (text.strip(), _bare(text)):
        folded = " ".join(said.casefold().split())
        if folded in names:
            return names[folded], Tidying.LABEL_FREED
        if folded in synonyms:
            return synonyms[folded], Tidying.SYNONYM
    return None


def _bare(text: str) -> str:
    """`**Label: billing.**` to `billing`; more than one line is no label."""
    match = _LEAD.match(text.strip())
    return match[1] if match and "\n" not in text.strip() else text


def _json(text: str) -> tuple[str, Tidying] | None:
    for candidate, step in ((_unfenced(text), Tidying.FENCE_REMOVED), (_embedded(text), Tidying.JSON_EXTRACTED)):
        if candidate is not None and _is_json(candidate):
            return candidate, step
    repaired = _repaired(_unfenced(text) or _embedded(text) or text)
    return None if repaired is None else (repaired, Tidying.JSON_REPAIRED)


def _unfenced(text: str) -> str | None:
    found = _FENCE.findall(text)
    return found[0].strip() if len(found) == 1 else None


def _embedded(text: str) -> str | None:
    """From the first opening bracket to the last closing one, where only one value can be meant."""
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    end = max(text.rfind("}"), text.rfind("]"))
    return text[min(starts) : end + 1] if starts and end > min(starts) else None


def _is_json(text: str) -> bool:
    try:
        jiter.from_json(text.encode(errors="surrogatepass"), allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError:
        return False
    return True


def _repaired(text: str) -> str | None:
    """Trailing commas, single quotes, `True`, comments. Text that holds no object or list is not made into one."""
    if len(text) > LARGEST_REPAIR_CHARS or not text.lstrip().startswith(("{", "[")):
        return None
    if text.rstrip()[-1] not in "}]":
        return None  # it breaks off: closing it would invent the rest
    from json_repair import repair_json

    try:
        value = repair_json(text, return_objects=True)
        return orjson.dumps(value).decode() if isinstance(value, dict | list) and value else None
    except (ValueError, RecursionError, TypeError):
        return None
