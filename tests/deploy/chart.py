"""The chart, rendered by Helm's own engine and held against Kubernetes' schemas. Run by `scripts/test-deploy`."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "weighbridge"
CONFIG = yaml.safe_load((ROOT / "deploy" / "compose" / "config" / "weighbridge.yaml").read_text())
VALUES = {"config": CONFIG, "existingSecret": "weighbridge"}
VERSIONS = ("1.27", "1.31", "1.34")
Documents = dict[str, dict[str, Any]]


def rendered(values: Mapping[str, object] = VALUES) -> Documents:
    """Kind → document."""
    with helm_python.Chart.load(str(CHART)) as chart:
        files = chart.render(dict(values), name="demo", namespace="prod")
    documents = [yaml.safe_load(text) for name, text in files.items() if name.endswith(".yaml")]
    return {document["kind"]: document for document in documents if document}


def refusal(values: Mapping[str, object]) -> str:
    """Why these values make no release."""
    try:
        rendered(values)
    except helm_python.HelmError as error:
        return str(error)
    raise AssertionError(f"{values} was rendered")


def pod(documents: Documents) -> dict[str, Any]:
    """What runs."""
    spec: dict[str, Any] = documents["Deployment"]["spec"]["template"]["spec"]
    return spec


def the_linter_finds_nothing_wrong() -> None:
    """Severity 1 is advice."""
    found = [item for item in helm_python.lint(str(CHART))["messages"] if item["severity"] > 1]
    assert not found, found


def every_document_is_one_that_kubernetes_takes() -> None:
    """With every field known."""
    for values in (VALUES, {**VALUES, "autoscaling": {"enabled": False}}):
        for document in rendered(values).values():
            for version in VERSIONS:
                kubernetes_validate.validate(document, version, strict=True)


def what_runs_has_no_rights() -> None:
    """Not root, nothing to write to but a temporary folder, no token of the cluster."""
    spec = pod(rendered())
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def a_pod_is_asked_and_drained() -> None:
    """Three probes, and more time to end than the gateway takes."""
    spec = pod(rendered())
    (container,) = spec["containers"]
    asked = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    assert spec["terminationGracePeriodSeconds"] >= 5 + 30


def what_selects_is_what_is_labelled() -> None:
    """Service, disruption budget and autoscaler mean the deployment's pods."""
    documents = rendered()
    labels = documents["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        documents["Service"]["spec"]["selector"],
        documents["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        documents["Deployment"]["spec"]["selector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    target = documents["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == documents["Deployment"]["metadata"]["name"]


def the_autoscaler_alone_says_how_many() -> None:
    """A number in the deployment would be set back with every release."""
    assert "replicas" not in rendered()["Deployment"]["spec"]
    fixed = rendered({**VALUES, "autoscaling": {"enabled": False}, "replicaCount": 3})
    assert "HorizontalPodAutoscaler" not in fixed
    assert fixed["Deployment"]["spec"]["replicas"] == 3


def the_config_arrives_as_it_was_given() -> None:
    """Word for word, and with it no secret."""
    text = rendered()["ConfigMap"]["data"]["weighbridge.yaml"]
    assert yaml.safe_load(text) == CONFIG
    without_version = {key: value for key, value in CONFIG.items() if key != "version"}
    text = rendered({**VALUES, "config": without_version})["ConfigMap"]["data"]["weighbridge.yaml"]
    assert yaml.safe_load(text) == CONFIG


def what_would_lose_something_is_refused_with_the_reason() -> None:
    """Records in a pod, a door without a key, rates that each pod counts for itself."""
    told = {
        "config.store.url": {**VALUES, "config": {**CONFIG, "store": {}}},
        "config.keys": {**VALUES, "config": {**CONFIG, "keys": {}}},
        "existingSecret": {"config": CONFIG},
        "config.counters.url": {**VALUES, "config": {**CONFIG, "counters": {}}},
        "bogus": {**VALUES, "bogus": 1},
        "terminationGracePeriodSeconds": {**VALUES, "terminationGracePeriodSeconds": 10},
    }
    for name, values in told.items():
        assert name in refusal(values), name


CHECKS: tuple[Callable[[], None], ...] = (
    the_linter_finds_nothing_wrong,
    every_document_is_one_that_kubernetes_takes,
    what_runs_has_no_rights,
    a_pod_is_asked_and_drained,
    what_selects_is_what_is_labelled,
    the_autoscaler_alone_says_how_many,
    the_config_arrives_as_it_was_given,
    what_would_lose_something_is_refused_with_the_reason,
)


def main() -> None:
    """All of them."""
    for check in CHECKS:
        check()
        sys.stdout.write(f"ok  {check.__name__.replace('_', ' ')}\n")


if __name__ == "__main__":
    main()
