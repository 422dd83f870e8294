"""The alerts and the dashboard of infra/: each rule fires when it should, and every expression runs on our metrics."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from referral_project.settings import BASE_DIR
from tests.support.fake_gateways import Gateway
from tests.support.servers import PATIENCE_SECONDS, free_port, redis_server, running, wait_until
from tests.support.service import service

pytestmark = [
    pytest.mark.skipif(shutil.which("promtool") is None, reason="needs prometheus; .ci/run installs it"),
]
RULES = BASE_DIR / "infra/prometheus/alerts.yml"
DASHBOARD = json.loads((BASE_DIR / "infra/grafana/dashboard.json").read_text())
TOKEN = "the-token-of-monitoring-for-tests"
#: Of other exporters, or of a release to come.
OF_OTHERS = {"up", "probe_ssl_earliest_cert_expiry", "sign_in_under_attack"}
#: Series that exist after the first event only.
AFTER_EVENTS = {"problems_total", "sms_channel_failures", "sms_messages"}


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [
        target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]
    ]


def names_in(expression: str) -> set[str]:
    return set(
        re.findall(
            r"\b(?:[a-z]+_)+(?:total|bucket|seconds|messages|failures|up|attack|expiry)\b|\bup\b|\bwebhooks\b",
            expression,
        )
    )


def promtool(*words: object) -> subprocess.CompletedProcess[str]:
    command = ["promtool", *map(str, words)]
    return subprocess.run(command, cwd=RULES.parent, capture_output=True, text=True, check=False)


def test_rules_are_well_formed_and_each_fires_when_it_should() -> None:
    checked = promtool("check", "rules", RULES)
    outcome = promtool("test", "rules", "alerts_test.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    tests = (RULES.parent / "alerts_test.yml").read_text()
    for rule in rules():
        name = rule["alert"]
        assert re.search(rf'alertname="{name}"|\|{name}|{name[:16]}', tests.split("everything at once")[1]), name
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert {"summary", "description"} <= rule["annotations"].keys()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that scrapes the service."""
    folder, port = tmp_path_factory.mktemp("monitoring"), free_port()
    with Gateway().running() as gateway, redis_server() as broker:
        where = {"REDIS_URL": broker, "SMS_URL": gateway.sms_url, "METRICS_TOKEN": TOKEN}
        with service(folder, **where) as web:
            web.migrate()
            web.start_web()
            web.get("/api/profile/")
            config = {
                "global": {"scrape_interval": "1s"},
                "rule_files": [str(RULES)],
                "scrape_configs": [
                    {
                        "job_name": "referral",
                        "authorization": {"credentials": TOKEN},
                        "static_configs": [{"targets": [f"127.0.0.1:{web.port}"]}],
                    }
                ],
            }
            (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
            places = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
            with running(["prometheus", *places, f"--web.listen-address=127.0.0.1:{port}"]) as process:
                address = f"http://127.0.0.1:{port}"
                wait_until(lambda: _has_scraped(address), process)
                yield address


def _ask(address: str, expression: str) -> Any:
    answer = requests.get(f"{address}/api/v1/query", {"query": expression}, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200, f"{expression}: {answer.text}"
    return answer.json()["data"]["result"]


def _has_scraped(address: str) -> bool:
    try:
        ready = requests.get(f"{address}/-/ready", timeout=PATIENCE_SECONDS).ok
        return ready and bool(_ask(address, "sum(up) == 1 and sum(redis_up) == 1"))
    except requests.ConnectionError:
        return False


def test_every_expression_runs_on_the_metrics_of_the_service(prometheus: str) -> None:
    assert len(expressions()) > 20

    for expression in expressions():
        _ask(prometheus, expression)
        named = names_in(expression)
        assert named, expression
        for name in named - OF_OTHERS - AFTER_EVENTS:
            assert _ask(prometheus, name), f"no metric {name}"


def test_panels_of_the_dashboard_do_not_overlap_and_use_the_chosen_source() -> None:
    cells: set[tuple[int, int]] = set()

    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not mine & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        assert panel["datasource"]["uid"] == "${source}"
        cells |= mine
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_rules_of_kubernetes_are_the_same() -> None:
    manifest = yaml.safe_load((BASE_DIR / "infra/kubernetes/monitoring/rules.yaml").read_text())

    assert manifest["kind"] == "PrometheusRule"
    assert manifest["spec"]["groups"] == yaml.safe_load(RULES.read_text())["groups"]


def test_prometheus_of_the_compose_file_accepts_its_configuration(tmp_path: Path) -> None:
    for file in RULES.parent.glob("*.yml"):
        shutil.copy(file, tmp_path)

    outcome = promtool("check", "config", "--syntax-only", tmp_path / "prometheus.yml")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
