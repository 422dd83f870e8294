"""Validate the Kubernetes manifests without a cluster, kustomize or network access."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from infra.failure import CheckFailed, require

FOLDER = Path(__file__).parent / "kubernetes"
OLDEST, NEWEST = "1.31", "1.37"
#: Read by gunicorn.conf.py, not by the settings.
READ_BY_GUNICORN = {"WEB_CONCURRENCY", "WEB_THREADS"}
REFERRING = {"configMapRef": "configMapGenerator", "secretRef": "secretGenerator"}
KUSTOMIZATION = {"apiVersion", "kind", "namespace", "resources", "images", *REFERRING.values()}
POD = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
Manifest = dict[str, Any]


def check_that_kustomize_finds_every_file() -> None:
    kustomization = _kustomization()
    require(kustomization.keys() <= KUSTOMIZATION, f"unknown to kustomize: {kustomization.keys() - KUSTOMIZATION}")
    listed, there = set(kustomization["resources"]), {file.name for file in FOLDER.glob("*.yaml")}
    require(listed == there - {"kustomization.yaml"}, f"listed and there differ: {listed ^ there}")
    for secret in kustomization["secretGenerator"]:
        for file in secret["envs"]:
            require((FOLDER / f"{file}.example").exists(), f"there is no {file}.example")


def check_every_manifest_strictly() -> None:
    for version in (OLDEST, NEWEST):
        for manifest in _manifests():
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                raise CheckFailed(f"{_name(manifest)} for Kubernetes {version}: {error}") from None


def check_that_every_reference_exists() -> None:
    kustomization = _kustomization()
    for name, pod in _pods():
        for container in _containers(pod):
            require(container["image"] in {image["name"] for image in kustomization["images"]}, f"image of {name}")
            for source in container["envFrom"]:
                ((kind, reference),) = source.items()
                made = {one["name"] for one in kustomization[REFERRING[kind]]}
                require(reference["name"] in made, f"{name} reads {reference['name']}, which no generator creates")
    pods = {name.split("/")[1]: pod for name, pod in _pods()}
    for manifest in _manifests():
        target, spec = _name(manifest), manifest.get("spec", {})
        if manifest["kind"] in {"Deployment", "PodDisruptionBudget"}:
            require(spec["selector"]["matchLabels"]["app"] in pods, f"{target} selects nothing")
        if manifest["kind"] == "Service":
            require(spec["selector"]["app"] in pods, f"{target} selects nothing")
        if manifest["kind"] == "HorizontalPodAutoscaler":
            require(spec["scaleTargetRef"]["name"] in pods, f"{target} scales nothing")


def check_settings(*, known: set[str]) -> None:
    literals = [literal for one in _kustomization()["configMapGenerator"] for literal in one["literals"]]
    secrets = re.findall(r"^[A-Z_]+=", (FOLDER / "secret.env.example").read_text(), re.MULTILINE)
    unknown = {setting.split("=")[0] for setting in [*literals, *secrets]} - known - READ_BY_GUNICORN
    require(not unknown, f"no such setting: {unknown}")


def check_that_no_pod_may_do_more_than_it_needs() -> None:
    for name, pod in _pods():
        require(pod["securityContext"] == POD, f"{name} may run as another user")
        require(pod["automountServiceAccountToken"] is False, f"{name} mounts a service account token")
        for container in _containers(pod):
            require(container["securityContext"] == CONTAINER, f"{name} may do more than it needs")
            resources = container["resources"]
            require({"cpu", "memory"} <= resources["requests"].keys(), f"{name} requests no CPU or memory")
            require("memory" in resources["limits"], f"{name} could use up the memory")
        require("medium" in pod["volumes"][0]["emptyDir"], f"{name} writes on the disk")


def check_that_pods_stop_gracefully() -> None:
    (seconds,) = re.findall(
        r"^graceful_timeout = (\d+)", (FOLDER.parent / "gunicorn.conf.py").read_text(), re.MULTILINE
    )
    pods = dict(_pods())
    (web,) = pods["Deployment/web"]["containers"]
    pause = int(web["lifecycle"]["preStop"]["exec"]["command"][1])
    given = pods["Deployment/web"]["terminationGracePeriodSeconds"]
    require(given > pause + int(seconds), f"web gets {given} s, and stops {pause} s + {seconds} s later")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        headers = web[probe]["httpGet"]["httpHeaders"]
        require(headers == [{"name": "Host", "value": "localhost"}], f"{probe} is refused by ALLOWED_HOSTS")
    beat = next(manifest for manifest in _manifests() if _name(manifest) == "Deployment/beat")["spec"]
    require((beat["replicas"], beat["strategy"]["type"]) == (1, "Recreate"), "there could be two beats at a time")


def _kustomization() -> Manifest:
    return dict(yaml.safe_load((FOLDER / "kustomization.yaml").read_text()))


def _manifests() -> Iterator[Manifest]:
    for file in _kustomization()["resources"]:
        yield from yaml.safe_load_all((FOLDER / file).read_text())


def _name(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def _pods() -> Iterator[tuple[str, Manifest]]:
    for manifest in _manifests():
        if manifest["kind"] in {"Deployment", "Job"}:
            yield _name(manifest), manifest["spec"]["template"]["spec"]


def _containers(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", []), *pod["containers"]]
