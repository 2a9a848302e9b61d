"""What launches clusters: checked with Ray's own validator and against the schemas it names."""

from __future__ import annotations

import copy
import re
import subprocess

import jsonschema
import kubernetes_validate
import pytest
import yaml
from packaging.version import Version
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.documents import ROOT, block

TEXT = (ROOT / "cluster.yaml").read_text()


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


def fields(required=(), **properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


COUNT = {"type": "integer", "minimum": 0}
WORDS = {"type": "string", "minLength": 1}
FLAG = {"type": "boolean"}
POD = {"type": "object"}  # by Kubernetes' own schema, below
START = {"type": "object", "additionalProperties": {"type": "string"}}
RAYJOB = fields(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=fields(("name",), name=WORDS, namespace=WORDS, labels=POD, annotations=POD),
    spec=fields(
        ("rayClusterSpec",),
        activeDeadlineSeconds=COUNT,
        backoffLimit=COUNT,
        entrypoint=WORDS,
        runtimeEnvYAML=WORDS,
        shutdownAfterJobFinishes=FLAG,
        submissionMode={"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
        ttlSecondsAfterFinished=COUNT,
        rayClusterSpec=fields(
            ("headGroupSpec",),
            rayVersion=WORDS,
            authOptions=fields(mode={"enum": ["disabled", "token"]}, secretName=WORDS),
            enableInTreeAutoscaling=FLAG,
            headGroupSpec=fields(("template",), rayStartParams=START, template=POD),
            workerGroupSpecs={
                "type": "array",
                "items": fields(
                    ("groupName", "minReplicas", "maxReplicas", "template"),
                    groupName=WORDS,
                    replicas=COUNT,
                    minReplicas=COUNT,
                    maxReplicas=COUNT,
                    rayStartParams=START,
                    template=POD,
                ),
            },
        ),
    ),
)
"""Of KubeRay's API reference (ray.io/v1, 1.6): what a study may need, with its types."""


@pytest.fixture
def rayjob():
    return yaml.safe_load(block("docs/clusters.md", "yaml", "kind: RayJob"))


def test_the_rayjob_fits_the_schema_that_it_names(rayjob):
    jsonschema.validate(rayjob, RAYJOB)
    assert Version(rayjob["spec"]["rayClusterSpec"]["rayVersion"]) >= Version("2.55")
    rayjob["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]["rayStartParams"] = {"num-cpus": 0}
    with pytest.raises(jsonschema.ValidationError, match="is not of type 'string'"):
        jsonschema.validate(rayjob, RAYJOB)


def test_the_rayjobs_pods_fit_kubernetes_own_schema(rayjob):
    cluster = rayjob["spec"]["rayClusterSpec"]

    def check(group):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, **group["template"]}
        kubernetes_validate.validate(pod, kubernetes_validate.latest_version(), strict=True)

    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        check(group)
        (container,) = group["template"]["spec"]["containers"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
    container["resource"] = container.pop("resources")
    with pytest.raises(kubernetes_validate.ValidationError, match="resource"):
        check(group)


def test_the_slurm_script_is_a_script():
    script = block("docs/clusters.md", "bash", "#SBATCH")
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert re.search(r"ray symmetric-run .* -- \\?\s*suite run ", script.replace("\\\n", " "))
