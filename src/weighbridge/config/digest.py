"""The digest of a policy: two gateways with the same digest decide alike."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace

import orjson

from weighbridge.domain.policy import Policy
from weighbridge.domain.secret import Secret
from weighbridge.domain.signals import Condition

_DECIDES_NOTHING = {"digest", "store", "proofs", "collections"}


def with_digest(policy: Policy) -> Policy:
    """The policy with its digest: sha256 over its canonical JSON.

    Of a secret only the reference goes in, of an expression its text. Where records are stored decides nothing and
    stays out; so do proofs and documents, which each decision names itself. The order of models and tasks does decide
    (portfolio order, first rule that matches) and stays in.
    """
    decisive = {field.name: getattr(policy, field.name) for field in fields(policy)}
    return replace(
        policy, digest=digest_of({name: value for name, value in decisive.items() if name not in _DECIDES_NOTHING})
    )


def digest_of(value: object) -> str:
    """sha256 over the canonical JSON of a value of the domain."""
    return hashlib.sha256(orjson.dumps(_canonical(value), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _canonical(value: object) -> object:
    """A mapping of field names sorts; one that an operator wrote keeps its order."""
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else _plain(value)


def _plain(value: object) -> object:
    plain = value
    match value:
        case Secret():
            plain = value.reference
        case Condition():
            plain = value.text
        case frozenset():
            plain = sorted(value)
        case tuple() | list():
            plain = [_plain(item) for item in value]
        case Mapping():
            plain = [[key, _plain(item)] for key, item in value.items()]
        case _ if is_dataclass(value):
            plain = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return plain
