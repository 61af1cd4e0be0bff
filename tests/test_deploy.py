"""What is in deploy/ fits the program."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import boto3
import click
import pytest
import yaml
from moto import mock_aws

from support import ROOT
from trailhound.main import cli

DEPLOY = ROOT / "deploy"
SERVICE = (DEPLOY / "trailhound.service").read_text(encoding="utf-8")
INGEST = (DEPLOY / "ingest.conf").read_text(encoding="utf-8")
PROGRAM = "/opt/trailhound/bin/trailhound"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    service = tmp_path / "trailhound.service"
    service.write_text(SERVICE.replace(PROGRAM, "/bin/true"))
    timer = shutil.copy(DEPLOY / "trailhound.timer", tmp_path)
    more = tmp_path / "trailhound.service.d" / "ingest.conf"
    more.parent.mkdir()
    more.write_text(INGEST.replace(PROGRAM, "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", service, timer], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("unit", "commands"), [(SERVICE, ["run", "doctor", "notify"]), (INGEST, ["ingest", "run"])]
)
def test_a_unit_runs_commands_with_options_that_there_are(unit: str, commands: list[str]) -> None:
    lines = re.findall(rf"^Exec\w+=-?{PROGRAM} (\w+) (.*)$", unit, re.MULTILINE)
    assert [name for name, _ in lines] == commands
    for name, rest in lines:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        arguments = re.sub(r"\$\w+|%\w", "x", rest).split()
        if name == "notify":
            arguments.append("json://127.0.0.1/")
        command.make_context(name, arguments, parent=click.Context(cli))


def test_the_image_is_made_of_all_that_the_wheel_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"])
    needed = {*parts, "cli", "pyproject.toml", "README.md", *project["project"]["license-files"]}
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignore if line.startswith("!")} == needed
    assert "USER 10001" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    [
        "cfn-lint deploy/cloudformation.yml",
        "hadolint deploy/Dockerfile",
        "pre-commit validate-manifest .pre-commit-hooks.yaml",
        "check-jsonschema --builtin-schema vendor.github-actions deploy/github-action/action.yml",
    ],
)
def test_its_validator_takes(command: str) -> None:
    program, *arguments = command.split()
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class _Template(yaml.SafeLoader):
    """Of CloudFormation's functions only what they are given."""


def _given(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return None


_Template.add_multi_constructor("!", _given)
TEMPLATE = yaml.load((DEPLOY / "cloudformation.yml").read_text(encoding="utf-8"), _Template)
RESOURCES: dict[str, Any] = {
    name: each.get("Properties") for name, each in TEMPLATE["Resources"].items()
}


def test_the_task_may_what_the_policy_for_athena_says() -> None:
    policy = json.loads((DEPLOY / "athena-policy.json").read_text(encoding="utf-8"))
    [allowed, key] = RESOURCES["TaskRole"]["Policies"]
    assert allowed["PolicyDocument"] == policy
    assert key[0] == "HasTrailKey"


def test_the_task_runs_commands_with_options_that_there_are() -> None:
    [container] = RESOURCES["Task"]["ContainerDefinitions"]
    [script] = container["Command"]
    commands = re.findall(r"trailhound (\w+) ([^;|]*)", script)
    assert [name for name, _ in commands] == ["run", "notify"]
    variables = {each["Name"]: each["Value"] for each in container["Environment"]}
    for name, rest in commands:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        arguments = ["x: y" if each == '"$TABLE"' else each for each in rest.split()]
        if name == "notify":
            arguments.append("json://127.0.0.1/")
        command.make_context(name, arguments, parent=click.Context(cli))
    profile = (ROOT / "profiles.yml").read_text(encoding="utf-8")
    assert {name for name in variables if name.startswith("TRAILHOUND_")} <= set(
        re.findall(r"env_var\('(\w+)'", profile)
    )
    assert set(yaml.safe_load(variables["TABLE"].replace("$", ""))) < set(
        yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    )


def test_the_task_writes_where_the_image_s_user_may() -> None:
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    [container] = RESOURCES["Task"]["ContainerDefinitions"]
    [home] = [each["ContainerPath"] for each in container["MountPoints"]]
    assert f"--home-dir {home} " in image
    assert f"VOLUME {home}\n" in image


@pytest.mark.filterwarnings("ignore:Tried to parse")
def test_the_stack_is_made_on_the_local_server_for_aws() -> None:
    """It knows not all kinds: no schedules, work groups, databases and policies of buckets."""
    session = boto3.Session("test", "test", region_name="eu-central-1")
    with mock_aws():
        ec2, iam = session.client("ec2"), session.client("iam")
        account = "arn:aws:secretsmanager:eu-central-1:111122223333"
        given = {
            "Image": "registry.example/trailhound:1",
            "Vpc": ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
            "Subnets": ",".join(each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]),
            "TrailBucket": "my-trail",
            "TrailKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/k",
            "NotifyUrlsSecretArn": f"{account}:secret:urls",
            "FailureTopicArn": "arn:aws:sns:eu-central-1:111122223333:failures",
        }
        stacks = session.client("cloudformation")
        stacks.create_stack(
            StackName="trailhound",
            TemplateBody=(DEPLOY / "cloudformation.yml").read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
            ],
        )
        [stack] = stacks.describe_stacks(StackName="trailhound")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        made = {
            each["LogicalResourceId"]: each.get("PhysicalResourceId")
            for each in stacks.list_stack_resources(StackName="trailhound")[
                "StackResourceSummaries"
            ]
        }
        policy = iam.get_role_policy(RoleName=made["TaskRole"], PolicyName="athena")
    document = yaml.safe_load(str(policy["PolicyDocument"]))
    allowed = {each["Sid"]: each["Resource"] for each in document["Statement"]}
    assert allowed["Trail"] == ["arn:aws:s3:::my-trail", "arn:aws:s3:::my-trail/*"]
    assert f"arn:aws:s3:::{made['TablesBucket']}/*" in allowed["OwnBuckets"]
