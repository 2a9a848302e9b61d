"""What launches clusters: checked with Ray's own validator and against the schemas it names."""

from __future__ import annotations

import copy
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from packaging.version import Version
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "cluster.yaml").read_text()
README = (ROOT / "README.md").read_text()


def valid(config):
    prepared = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    return prepared


def on_premises():
    """Return cluster.yaml as its last comment says to change it."""
    comment = TEXT[TEXT.index("# On premises") :]
    lines = [line.removeprefix("#").removeprefix(" ") for line in comment.splitlines()]
    variant = yaml.safe_load("\n".join(lines[lines.index("") :]))
    config = yaml.safe_load(TEXT)
    for name in ("provider", "auth", "head_node_type", "available_node_types", "max_workers"):
        del config[name]
    return config | variant


def test_rays_own_validator_accepts_the_aws_cluster():
    config = valid(yaml.safe_load(TEXT))
    head, cores = (config["available_node_types"][name] for name in ("head", "cores"))
    assert config["head_node_type"] == "head"
    assert "InstanceMarketOptions" not in head["node_config"]
    assert cores["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert cores["max_workers"] <= config["max_workers"]


def test_rays_own_validator_accepts_the_commented_kind_of_node():
    text = TEXT.replace("  # gpus:", "  gpus:")
    start = text.index("  gpus:")
    block, rest = text[start:].split("\n\n", 1)
    config = yaml.safe_load(text[:start] + block.replace("  #   ", "    ") + "\n\n" + rest)
    assert "gpus" in valid(config)["available_node_types"]


def test_rays_own_validator_accepts_the_cluster_on_premises():
    config = valid(on_premises())
    assert config["provider"]["type"] == "local"
    assert list(config["available_node_types"]) == ["local.cluster.node"]


@pytest.mark.parametrize("config", [yaml.safe_load(TEXT), on_premises()], ids=["aws", "local"])
def test_every_node_installs_the_suite_and_authenticates(config):
    assert "~/suite" in config["file_mounts"]
    assert config["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert any("~/suite" in command for command in config["setup_commands"])
    for commands in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert any("RAY_AUTH_MODE=token ray start" in command for command in config[commands])


def test_ray_refuses_what_is_wrong():
    config = yaml.safe_load(TEXT)
    config["max_worker"] = config.pop("max_workers")
    with pytest.raises(jsonschema.ValidationError, match="max_worker"):
        valid(config)


def block(language, holding):
    """Return the one fenced block of the README that holds a text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    (found,) = [text for text in blocks if holding in text]
    return found


told = pytest.mark.skipif("kind: RayJob" not in README, reason="the README tells of no cluster")

FIELDS = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "spec": {
        "activeDeadlineSeconds",
        "backoffLimit",
        "entrypoint",
        "rayClusterSpec",
        "runtimeEnvYAML",
        "shutdownAfterJobFinishes",
        "submissionMode",
        "ttlSecondsAfterFinished",
    },
    "spec.rayClusterSpec": {
        "authOptions",
        "autoscalerOptions",
        "enableInTreeAutoscaling",
        "headGroupSpec",
        "rayVersion",
        "workerGroupSpecs",
    },
    "spec.rayClusterSpec.authOptions": {"mode", "secretName"},
    "spec.rayClusterSpec.headGroupSpec": {"rayStartParams", "template"},
    "spec.rayClusterSpec.workerGroupSpecs": {
        "groupName",
        "maxReplicas",
        "minReplicas",
        "rayStartParams",
        "replicas",
        "template",
    },
}
"""What KubeRay's API reference (ray.io/v1, 1.6) allows there, of what a study may need."""


@told
def test_the_rayjob_has_only_fields_of_the_schema_that_it_names():
    job = yaml.safe_load(block("yaml", "kind: RayJob"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    for way, allowed in FIELDS.items():
        part = job
        for name in filter(None, way.split(".")):
            part = part[name]
        for one in part if isinstance(part, list) else [part]:
            assert set(one) <= allowed, way
    cluster = job["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        (container,) = group["template"]["spec"]["containers"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
    assert Version(cluster["rayVersion"]) >= Version("2.55")


@told
def test_the_slurm_script_is_a_script():
    script = block("bash", "#SBATCH")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert re.search(r"ray symmetric-run .* -- \\?\s*suite run ", script.replace("\\\n", " "))
