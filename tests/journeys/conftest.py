"""One demo gateway for all journeys that do not need a policy of their own."""

from collections.abc import Iterator

import pytest

from journeys.live import Client, demo_policy, serving


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with serving(demo_policy(tmp_path_factory.mktemp("gateway"))) as served:
        yield served
