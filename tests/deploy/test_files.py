"""What can be said of the files for containers without an engine; `make test-deploy` runs what they describe."""

import re
from pathlib import Path
from typing import Any

import yaml

from weighbridge.cli.serve import DRAIN_S
from weighbridge.config.load import load_policy
from weighbridge.pipeline.wire import derive

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
CONFIG = DEPLOY / "compose" / "config" / "weighbridge.yaml"
GATEWAYS = [service for name, service in COMPOSE["services"].items() if name.startswith("gateway")]
SECRETS = {"WEIGHBRIDGE_APP_KEY", "WEIGHBRIDGE_KEY_SECRET", "POSTGRES_PASSWORD"}


def test_the_image_runs_as_a_user_without_rights_and_only_its_last_stage_is_kept() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert "scripts/install-app" not in last
    assert "--constraint requirements.lock" in (ROOT / "scripts" / "install-app").read_text()


def test_what_the_image_copies_is_let_through_and_nothing_else_is() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    }
    assert copied == let_through


def test_the_mounted_config_is_one_that_the_gateway_takes() -> None:
    environment = GATEWAYS[0]["environment"]
    stated = {name: re.sub(r"\$\{[^}]*\}", "a-value-0123456789", value) for name, value in environment.items()}
    policy = load_policy(CONFIG, stated)
    assert derive(policy).callers
    assert policy.store.url is not None
    assert policy.counters is not None


def test_no_secret_has_a_value_that_everybody_knows() -> None:
    text = (DEPLOY / "compose" / "compose.yaml").read_text()
    found = dict(re.findall(r"\$\{([A-Z_]+)(:\?|:-|-)?", text))
    assert SECRETS == {name for name, kind in found.items() if kind == ":?"} == set(found)


def test_gateways_have_no_rights_a_read_only_root_and_time_to_drain() -> None:
    assert len(GATEWAYS) == 2
    for gateway in GATEWAYS:
        assert gateway["cap_drop"] == ["ALL"]
        assert gateway["security_opt"] == ["no-new-privileges:true"]
        assert gateway["read_only"] is True
        assert int(gateway["stop_grace_period"].removesuffix("s")) > DRAIN_S
        assert all(port.startswith("127.0.0.1:") for port in gateway["ports"])


def test_only_gateways_are_published_and_they_wait_for_what_they_need() -> None:
    for name, service in COMPOSE["services"].items():
        if name.startswith("gateway"):
            for needed in service["depends_on"]:
                assert "healthcheck" in COMPOSE["services"][needed]
        else:
            assert "ports" not in service


def test_the_chart_leaves_a_pod_longer_than_the_gateway_drains() -> None:
    values = yaml.safe_load((DEPLOY / "helm" / "weighbridge" / "values.yaml").read_text())
    assert values["terminationGracePeriodSeconds"] > 5 + DRAIN_S


def test_chart_and_package_are_of_one_version() -> None:
    chart = yaml.safe_load((DEPLOY / "helm" / "weighbridge" / "Chart.yaml").read_text())
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert chart["appVersion"] == version[1]
