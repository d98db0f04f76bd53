"""The digest of a policy: two gateways with the same digest decide alike."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace

import orjson

from weighbridge.domain.policy import Policy
from weighbridge.domain.secret import Secret
from weighbridge.domain.signals import Condition

_DECIDES_NOTHING = {"digest", "store"}


def with_digest(policy: Policy) -> Policy:
    """The policy with its digest: sha256 over its canonical JSON.

    Of a secret only the reference goes in, of an expression its text. Where records are stored decides nothing and
    stays out; the order of models and tasks does decide (portfolio order, first rule that matches) and stays in.
    """
    content = {field.name: _plain(getattr(policy, field.name)) for field in fields(policy)}
    decisive = {name: value for name, value in content.items() if name not in _DECIDES_NOTHING}
    return replace(policy, digest=hashlib.sha256(orjson.dumps(decisive, option=orjson.OPT_SORT_KEYS)).hexdigest())


def _plain(value: object) -> object:
    plain = value
    match value:
        case Secret():
            plain = value.reference
        case Condition():
            plain = value.text
        case frozenset():
            plain = sorted(value)
        case tuple():
            plain = [_plain(item) for item in value]
        case Mapping():
            plain = [[key, _plain(item)] for key, item in value.items()]
        case _ if is_dataclass(value):
            plain = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return plain
