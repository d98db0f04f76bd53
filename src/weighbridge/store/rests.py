"""`SharedRests`: which models and hosts rest, told among gateways through Valkey or Redis."""

import json
import logging
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Self

from redis.asyncio import Redis

from weighbridge.domain.rest import Rest
from weighbridge.domain.secret import Secret
from weighbridge.store.counters import ERRORS, server_at

KEY = "{weighbridge}:rests"
log = logging.getLogger("weighbridge.counters")


class SharedRests:
    """Satisfies `ports.Rests`: one round trip tells and hears. Time is the server's."""

    def __init__(self, server: "Redis") -> None:
        self._server = server
        script = files("weighbridge.store") / "counters" / "rests.lua"
        self._exchange = server.register_script(script.read_text(encoding="utf-8"))
        self._is_away = False

    @classmethod
    def open(cls, address: Secret) -> Self:
        """Ready to connect; the server may be away. Raises StoreError when the address is none."""
        return cls(server_at(address))

    async def exchange(self, found: Sequence[Rest]) -> list[Rest] | None:
        """Tell what was found, and hear all that rests; `None` while the server does not answer."""
        words = [word for rest in found for word in (_member(rest), f"{rest.wait_s:.3f}")]
        try:
            told: list[Any] = await self._exchange([KEY], words)
        except ERRORS as error:
            if not self._is_away:
                log.warning("gateways cannot tell each other which models rest: %s", type(error).__name__)
            self._is_away = True
            return None
        self._is_away = False
        heard = (_rest(member, float(wait)) for member, wait in zip(told[::2], told[1::2], strict=True))
        return [rest for rest in heard if rest is not None]

    async def close(self) -> None:
        """Hang up."""
        await self._server.aclose()


def _member(rest: Rest) -> str:
    return json.dumps([rest.host, rest.model, rest.is_open])


def _rest(member: str, wait_s: float) -> Rest | None:
    """What another gateway told; `None` for what this version does not understand."""
    try:
        host, model, is_open = json.loads(member)
    except ValueError:
        return None
    is_known = type(host) is str and (model is None or type(model) is str) and type(is_open) is bool
    return Rest(host, model, wait_s, is_open) if is_known else None
