"""What speaks HTTP is tested on both event loops: uvloop, which serves, and asyncio's own, which everybody else has."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

ON_THE_NETWORK = ("test_http1", "test_http1_streams", "test_pool", "test_tls", "test_remote")


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.stem in ON_THE_NETWORK:
        factories["uvloop"] = uvloop.new_event_loop
    return factories
