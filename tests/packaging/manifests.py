#!/usr/bin/env python3
"""The Kubernetes manifests: published schemas, what they promise, the inventory in them.

    manifests.py PROGRAM FOLDER

Schemas come with two packages, without network: kubernetes-validate has Kubernetes' own,
cloudcoil-models-prometheus-operator the Prometheus operator's.
"""

import pathlib
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml
from cloudcoil.models.prometheus_operator import v1 as operator

# From an old one to the newest of those that the package has.
VERSIONS = ("1.27", "1.31", "1.34", "1.37")


def kept(written, read, at="") -> list[str]:
    """What a model did not take over from a document: keys that it does not know."""
    if isinstance(written, dict):
        if not isinstance(read, dict):
            return [at]
        return [
            lost
            for key, value in written.items()
            for lost in ([f"{at}/{key}"] if key not in read else kept(value, read[key], f"{at}/{key}"))
        ]
    if isinstance(written, list):
        if not isinstance(read, list) or len(written) != len(read):
            return [at]
        return [lost for i, pair in enumerate(zip(written, read)) for lost in kept(*pair, f"{at}/{i}")]
    return []


def problems_of_schema(document) -> list[str]:
    if document["apiVersion"].startswith("monitoring.coreos.com/"):
        model = getattr(operator, document["kind"])
        read = model.model_validate(document).model_dump(by_alias=True, exclude_none=True, mode="json")
        return [f"unknown: {lost}" for lost in kept(document, {**document, **read})]
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            return [f"{version}: {error.message} at {list(error.path)}"]
    return []


def pod_of(document):
    """The pod's template of a workload."""
    spec = document["spec"]
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec["template"] if "template" in spec else None


def problems_of_pod(document) -> list[str]:
    """The restricted pod security standard, and what it leaves open."""
    pod = pod_of(document)["spec"]
    security = pod["securityContext"]
    wanted = {
        "runAsNonRoot": security.get("runAsNonRoot") is True,
        "runAsUser is not root": security.get("runAsUser", 0) > 0,
        "seccomp RuntimeDefault": security.get("seccompProfile") == {"type": "RuntimeDefault"},
        "no token of Kubernetes": pod.get("automountServiceAccountToken") is False,
        "nothing of the host's": not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(),
    }
    for container in pod["containers"]:
        own = container["securityContext"]
        wanted |= {
            "read-only root": own.get("readOnlyRootFilesystem") is True,
            "no escalation": own.get("allowPrivilegeEscalation") is False,
            "no capability": own.get("capabilities") == {"drop": ["ALL"]},
            "bounded memory": "memory" in container["resources"]["limits"],
            "a tag": ":" in container["image"].rsplit("/", 1)[-1],
        }
    return [f"not promised: {says}" for says, held in wanted.items() if not held]


def main(program, folder) -> int:
    documents = {}
    for path in sorted(pathlib.Path(folder).glob("*.yaml")):
        documents[path.name] = yaml.safe_load(path.read_text())
    kustomization = documents.pop("kustomization.yaml")
    failed = 0

    def tell(name, problems):
        nonlocal failed
        failed += bool(problems)
        print(f"{'FAILED ' if problems else 'ok     '} {name}" + "".join(f"\n        {p}" for p in problems))

    listed, there = set(kustomization["resources"]), set(documents)
    tell("kustomization.yaml lists every manifest", sorted(listed ^ there))
    for name, document in documents.items():
        tell(f"{name} fits its schema", problems_of_schema(document))
    for name in ("cronjob.yaml", "daemonset.yaml"):
        tell(f"{name} is a restricted pod", problems_of_pod(documents[name]))

    # A typing error must not pass: what the checks above are worth.
    typo = yaml.safe_load(yaml.safe_dump(documents["podmonitor.yaml"]))
    typo["spec"]["podMetricsEndpoints"][0]["intervall"] = "1m"
    tell("a typing error in a PodMonitor is found", [] if problems_of_schema(typo) else ["passed"])
    typo = yaml.safe_load(yaml.safe_dump(documents["cronjob.yaml"]))
    typo["spec"]["concurrencyPolice"] = "Forbid"
    tell("a typing error in a CronJob is found", [] if problems_of_schema(typo) else ["passed"])

    # --help ends it before anything is read; an unknown option ends it before that.
    for name in ("cronjob.yaml", "daemonset.yaml"):
        for container in pod_of(documents[name])["spec"]["containers"]:
            ran = subprocess.run(
                [program, *container["args"], "--help"], capture_output=True, text=True
            )
            tell(f"{name}: the program knows its arguments", ran.stderr.splitlines() if ran.returncode else [])

    inventory = documents["configmap.yaml"]["data"]["targets.toml"]
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(inventory)
        file.flush()
        ran = subprocess.run(
            [program, "check", "--config", file.name, "--plan"], capture_output=True, text=True
        )
    tell("the program reads the ConfigMap's inventory", ran.stderr.splitlines() if ran.returncode else [])
    asked = {
        name
        for endpoint in documents["podmonitor.yaml"]["spec"]["podMetricsEndpoints"]
        for name in endpoint.get("params", {}).get("target", [])
    }
    missing = [f"not in the inventory: {name}" for name in asked if f'name = "{name}"' not in inventory]
    tell("the PodMonitor asks for the inventory's targets", missing)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
