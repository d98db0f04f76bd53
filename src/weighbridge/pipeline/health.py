"""What gateways tell each other of providers: what one finds failing, the others leave alone as well.

They know a host by its address and keys, and a model by its name there, whatever a config calls them. A host inside the
gateway is nobody else's business.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from weighbridge.domain.policy import Host, Policy
from weighbridge.domain.rest import Rest
from weighbridge.pipeline.house import House
from weighbridge.pipeline.ports import Resting, Rests


async def share_rests_every(interval_s: float, house: House, health: Resting, shared: Rests) -> None:
    """Tell and hear, until cancelled. While nobody can be told, each gateway finds out for itself."""
    while True:
        await asyncio.sleep(interval_s)
        policy = house.in_force.policy
        heard = await shared.exchange([*outward(health.found(), policy)])
        if heard is not None:
            health.hear([*inward(heard, policy)])


def outward(found: Sequence[Rest], policy: Policy) -> Iterator[Rest]:
    """Under names that other gateways know, whatever their configs call them."""
    for rest in found:
        host = policy.hosts.get(rest.host)
        if host is None or host.base_url is None:
            continue
        if rest.model is None:
            yield replace(rest, host=identity(host))
        elif rest.model in policy.models:
            yield replace(rest, host=identity(host), model=policy.models[rest.model].upstream_name)


def inward(heard: Sequence[Rest], policy: Policy) -> Iterator[Rest]:
    """Under the names of this policy; what it does not use is left out."""
    hosts: dict[str, list[str]] = {}
    for host in policy.hosts.values():
        if host.base_url is not None:
            hosts.setdefault(identity(host), []).append(host.name)
    for rest in heard:
        for name in hosts.get(rest.host, ()):
            if rest.model is None:
                yield replace(rest, host=name)
            else:
                yield from (replace(rest, host=name, model=model) for model in _names(name, rest.model, policy))


def identity(host: Host) -> str:
    """The same for gateways that call the same address with the same keys; it tells neither."""
    secrets = [secret.value for secret in (host.credential, *host.more_credentials) if secret is not None]
    return hashlib.sha256("\x1f".join((host.base_url or "", *secrets)).encode()).hexdigest()[:16]


def _names(host: str, upstream_name: str, policy: Policy) -> list[str]:
    wanted = (host, upstream_name)
    return [model.name for model in policy.models.values() if (model.host, model.upstream_name) == wanted]
