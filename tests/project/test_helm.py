"""The chart renders, refuses what it must, and gives the worker settings that it can read."""

import os
import shutil
import subprocess
import tomllib

import pytest

from equipoise.streams.settings import load
from tests.project.layout import ROOT

CHART = ROOT / "helm" / "equipoise"
HELM = os.environ.get("EQUIPOISE_HELM") or shutil.which("helm")
EVERYTHING = """
replicas: 3
secrets: {existingSecret: kafka-login, keys: {saslUsername: user, saslPassword: password}, tlsSecret: kafka-tls}
setup: {enabled: true}
settings:
  kafka: {bootstrap: "a:9092,b:9092", security_protocol: SASL_SSL, session_timeout_ms: 45000}
  registry: {url: http://registry:8081}
  topics:
    orders: [{name: orders}, {pattern: 'ticks\\.(?P<symbol>.+)', format: binance, venue: BINANCE}]
  policy: {spread: {base_half_spread_bps: 1.5}}
podLabels: {team: mm}
podAnnotations: {note: x}
nodeSelector: {disk: ssd}
tolerations: [{key: a, operator: Exists}]
extraEnv: [{name: EQUIPOISE_TIME__WINDOW_MS, value: "250"}]
"""

pytestmark = pytest.mark.skipif(not HELM, reason="no helm on the path, and EQUIPOISE_HELM is not set")


def helm(*arguments, values="", tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(values)
    return subprocess.run([HELM, *arguments, "-f", file], capture_output=True, text=True)


def rendered(kind, text):
    """The documents of one kind, as text."""
    return [part for part in text.split("\n---\n") if f"\nkind: {kind}\n" in f"\n{part}\n"]


@pytest.mark.parametrize("values", ["", EVERYTHING], ids=["defaults", "everything"])
def test_lints(values, tmp_path):
    run = helm("lint", "--strict", CHART, values=values, tmp_path=tmp_path)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("values", ["", EVERYTHING], ids=["defaults", "everything"])
def test_the_worker_can_read_its_settings(values, tmp_path):
    run = helm("template", "r", CHART, values=values, tmp_path=tmp_path)
    assert run.returncode == 0, run.stderr
    (config,) = rendered("ConfigMap", run.stdout)
    lines = config.split("equipoise.toml: |\n")[1].splitlines()
    text = "\n".join(line[4:] for line in lines)
    tomllib.loads(text)
    file = tmp_path / "equipoise.toml"
    file.write_text(text)
    settings = load(file, {"kafka.sasl_username": "from the environment"})
    if values:
        assert settings.kafka.session_timeout_ms == 45_000
        assert [topic.format for topic in settings.topics.orders] == ["canonical", "binance"]
        assert settings.policy.spread.base_half_spread_bps == 1.5


def test_pods_are_static_members_without_rights(tmp_path):
    run = helm("template", "r", CHART, values=EVERYTHING, tmp_path=tmp_path)
    (pods,) = rendered("StatefulSet", run.stdout)
    for part in (
        "EQUIPOISE_KAFKA__INSTANCE_ID\n              valueFrom: {fieldRef: {fieldPath: metadata.name}}",
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "automountServiceAccountToken: false",
        "livenessProbe",
        "name: kafka-login",
    ):
        assert part in pods
    assert len(rendered("Job", run.stdout)) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("replicas: -1", "replicas"),
        ("settings: {kafka: {bootstrap: nonsense}}", "bootstrap"),
        ("settings: {kafka: {sasl_password: secret}}", "sasl_password"),
        ("image: {repo: x}", "image"),
        ("secrets: {keys: {saslPassword: password}}", "existingSecret"),
    ],
)
def test_refuses(values, message, tmp_path):
    run = helm("template", "r", CHART, values=values, tmp_path=tmp_path)
    assert run.returncode != 0
    assert message in run.stderr
