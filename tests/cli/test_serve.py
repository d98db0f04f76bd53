"""What `weighbridge serve` decides before a request comes in."""

from pathlib import Path

import pytest

from weighbridge.cli.serve import reloader_at
from weighbridge.config.load import config_fingerprint, load_policy
from weighbridge.pipeline.wire import open_house

CONFIG = """
version: 1
models:
  one: {host: simulated, context_window_tokens: 8000, max_output_tokens: 100, tier: frontier}
tasks:
  greet: {risk_level: low, primary_model: one, fallback_model: []}
"""
KEYS = "keys: {alice: {secret: '${env:ALICE}'}}\n"


@pytest.mark.parametrize(("host", "keys_left"), [("0.0.0.0", 1), ("192.0.2.7", 1), ("127.0.0.1", 0)])
async def test_a_reload_takes_the_last_key_only_from_a_gateway_on_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, keys_left: int
) -> None:
    monkeypatch.setenv("ALICE", "a-secret-of-alice")
    config = tmp_path / "weighbridge.yaml"
    config.write_text(CONFIG + KEYS)
    async with open_house(load_policy(config, {"ALICE": "a-secret-of-alice"})) as house:
        reloader = reloader_at(host, config, config_fingerprint(config), house)
        config.write_text(CONFIG)
        await reloader.look()
    assert len(house.in_force.callers) == keys_left
    assert len(reloader.problems) == keys_left
