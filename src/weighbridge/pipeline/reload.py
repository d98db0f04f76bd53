"""A changed config is taken over whole or not at all, without a restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from weighbridge.config.gate import file_digest
from weighbridge.config.load import config_fingerprint, load_policy, stamps_of
from weighbridge.domain.audit import Deed
from weighbridge.domain.errors import ConfigError, ConfigProblem, OverloadedError, StoreError
from weighbridge.domain.moment import rfc3339
from weighbridge.domain.policy import Policy
from weighbridge.pipeline.house import House, InForce

LOOK_EVERY_S = 1.0

log = logging.getLogger("weighbridge.reload")


class Reloader:
    """Watches the config's files and swaps `house.in_force` when they change and hold."""

    def __init__(
        self,
        path: Path,
        env: Mapping[str, str],
        house: House,
        derive: Callable[[Policy], InForce],
        fingerprint: str,
        require: Callable[[Policy], Awaitable[None]] | None = None,
    ) -> None:
        self._path, self._env, self._house, self._derive, self._require = path, env, house, derive, require
        self._seen = fingerprint
        self._stamps = ""
        self.problems: tuple[str, ...] = ()
        """What is wrong with the config on disk; empty while it is the policy in force."""

    async def watch(self) -> None:
        """Look every second, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Take over a changed config, or keep the old one and remember why."""
        if not await asyncio.to_thread(self._has_changed):
            return
        try:
            in_force = await asyncio.to_thread(self._load)
            if self._require is not None:
                await self._require(in_force.policy)
        except ConfigError as error:
            self.problems = tuple(str(problem) for problem in error.problems)
            log.warning("The changed config is refused, the old one stays: %s", error.condition)
            return
        self.problems = ()
        self._house.in_force = in_force
        log.info("Policy %s is in force.", in_force.policy.digest[:12])
        await note_policy(self._house)

    def _has_changed(self) -> bool:
        fingerprint, datasets = config_fingerprint(self._path), self._datasets()
        stamps = stamps_of(datasets)
        is_other_dataset = stamps != self._stamps and any(file_digest(file) != seen for file, seen in datasets.items())
        is_changed = fingerprint != self._seen or is_other_dataset
        self._seen, self._stamps = fingerprint, stamps
        return is_changed

    def _datasets(self) -> dict[Path, str | None]:
        """What quality gates and routers of the running policy stand on, with the digests that it knows of them."""
        tasks, folder = self._house.in_force.policy.tasks.values(), self._path.parent
        found = {folder / task.gate.dataset: task.gate.dataset_digest for task in tasks if task.gate is not None}
        return found | {folder / task.router.path: task.router.file_digest for task in tasks if task.router is not None}

    def _load(self) -> InForce:
        policy = load_policy(self._path, self._env)
        running = self._house.in_force.policy
        for name, is_changed in {
            "store": policy.store != running.store,
            "counters": policy.counters != running.counters,
        }.items():
            if is_changed:
                expected = f"the same {name} as long as the gateway runs; restart"
                raise ConfigError([ConfigProblem(str(self._path), 1, 1, name, expected)])
        return self._derive(policy)


async def note_policy(house: House) -> None:
    """Put the policy in force into the audit log; a store that fails here is told of and does not stop the gateway."""
    digest, moment = house.in_force.policy.digest, datetime.fromtimestamp(house.clock.now(), UTC)
    try:
        await house.audit.note(Deed("gateway", "policy.in_force", digest), rfc3339(moment))
    except (StoreError, OverloadedError) as error:
        log.warning("The audit log does not have policy %s: %s", digest[:12], error)
