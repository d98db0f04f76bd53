"""Keys and the audit log as the API and the command line show them, and a key as an admin asks for it."""

from collections.abc import Mapping

from weighbridge.dialects.fields import invalid, need_text, read_flag, read_int, read_list, read_text
from weighbridge.dialects.json_text import parse_object
from weighbridge.domain.audit import AuditEntry
from weighbridge.domain.caller import Caller
from weighbridge.domain.errors import InvalidFieldError
from weighbridge.domain.key import MAY, MadeKey, StoredKey, WantedKey
from weighbridge.domain.levels import Sensitivity

Json = dict[str, object]
KEYS = ("name", "owner", "team", "tasks", "models", "sensitivity", "expires_in_s", *(f"may_{name}" for name in MAY))
LONGEST_S = 10 * 366 * 86_400


def parse_key(body: bytes, tasks: frozenset[str], models: frozenset[str]) -> WantedKey:
    """`POST /v1/admin/keys`. Raises MalformedBodyError or InvalidFieldError, for tasks and models that are not declared
    too."""
    fields = parse_object(body)
    _require_known(fields, KEYS)
    caller = Caller(
        key_name(need_text(fields, "name")),
        _sensitivity(read_text(fields, "sensitivity")),
        tasks=_names(fields, "tasks", tasks),
        models=_names(fields, "models", models),
        team=read_text(fields, "team"),
        may_pin=read_flag(fields, "may_pin") is not False,
        may_audit=read_flag(fields, "may_audit") or False,
        may_review=read_flag(fields, "may_review") or False,
        may_edit_sources=read_flag(fields, "may_edit_sources") or False,
        may_admin=read_flag(fields, "may_admin") or False,
    )
    return WantedKey(caller, read_text(fields, "owner"), read_int(fields, "expires_in_s", least=1, most=LONGEST_S))


def parse_overlap(body: bytes) -> int:
    """`POST /v1/admin/keys/{name}/rotate`: seconds for which the old key goes on. Raises InvalidFieldError."""
    if not body.strip():
        return 0
    fields = parse_object(body)
    _require_known(fields, ("overlap_s",))
    return read_int(fields, "overlap_s", least=0, most=LONGEST_S) or 0


def key_name(name: str) -> str:
    """A name as the config's keys have one. Raises InvalidFieldError."""
    is_plain = name.replace("-", "a").replace("_", "a").replace(".", "a").isalnum() and name.isascii()
    if not is_plain or not name[0].isalnum() or len(name) > 64:
        raise invalid("name", "letters, digits and `_.-`, at most 64, beginning with a letter or digit", name)
    return name


def _require_known(fields: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in fields:
        if key not in known:
            raise InvalidFieldError(
                f"There is no field {key[:40]!r}.", advice=f"The keys are {', '.join(known)}.", param=key[:40]
            )


def _names(fields: Mapping[str, object], key: str, known: frozenset[str]) -> frozenset[str] | None:
    stated = read_list(fields, key)
    if stated is None:
        return None
    for name in stated:
        if name not in known:
            raise invalid(key, f"names of {key} that the config declares ({', '.join(sorted(known))})", name)
    return frozenset(map(str, stated))


def _sensitivity(text: str | None) -> Sensitivity | None:
    if text is None:
        return None
    if text not in set(Sensitivity):
        raise invalid("sensitivity", f"one of {', '.join(Sensitivity)}", text)
    return Sensitivity(text)


def render_key(key: StoredKey, now: str) -> Json:
    """Everything but the key itself."""
    caller = key.caller
    return {
        "id": key.id,
        "name": caller.name,
        "state": key.state(now).value,
        "hint": key.hint,
        "owner": key.owner,
        "team": caller.team,
        "tasks": None if caller.tasks is None else sorted(caller.tasks),
        "models": None if caller.models is None else sorted(caller.models),
        "sensitivity": None if caller.sensitivity is None else caller.sensitivity.value,
        "may": [name for name in MAY if getattr(caller, f"may_{name}")],
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def render_made(made: MadeKey, now: str) -> Json:
    """The same with the key, this one time."""
    return {**render_key(made.key, now), "key": made.secret}


def render_entry(entry: AuditEntry) -> Json:
    """An entry of the audit log."""
    deed = entry.deed
    return {
        "number": entry.number,
        "at": entry.at,
        "actor": deed.actor,
        "action": deed.action,
        "subject": deed.subject,
        "detail": deed.detail or None,
        "chained": entry.chained,
    }
