"""Rows 84-91, 94, 96 and 97: execution, persistence, movement."""

from __future__ import annotations

import re
from typing import Any

from oracle.context import Context, client, is_true
from oracle.events import Event, at_path, text
from oracle.kinds import Kind, Step
from oracle.rules import instance_type
from oracle.words import call, each, name_in, ok, person, present, rp, texts

PORTS = (22, 3389, 5985, 5986, 2375, 6443)


def _named(event: Event, _: Context) -> list[str | None]:
    items = each(rp(event, "instancesSet.items"))
    return [*dict.fromkeys(texts(at_path(one, "instanceId") for one in items))]


def _commanded(event: Event, _: Context) -> list[str | None]:
    targets = [
        value for one in each(rp(event, "targets")) for value in each(at_path(one, "values"))
    ]
    return [*texts([*each(rp(event, "instanceIds")), *targets])]


def _any(event: Event, calls: dict[str, str]) -> bool:
    return event.outcome == "succeeded" and any(call(event, s, n) for s, n in calls.items())


REMOTE = {
    "ssm": "StartSession ResumeSession SendCommand",
    "ec2-instance-connect": "SendSSHPublicKey SendSerialConsoleSSHPublicKey",
    "ecs": "ExecuteCommand",
}
SERIAL = {
    "ec2": "EnableSerialConsoleAccess",
    "ec2-instance-connect": "SendSerialConsoleSSHPublicKey",
}
LONG_TERM = {"ssm": "StartSession SendCommand", "ec2-instance-connect": "SendSSHPublicKey"}


def _open_function(event: Event, _: Context) -> bool:
    if ok("lambda", "CreateFunctionUrlConfig* UpdateFunctionUrlConfig*")(event, _):
        return rp(event, "authType") == "NONE"
    limits = ("sourceArn", "sourceAccount", "principalOrgID")
    return (
        ok("lambda", "AddPermission*")(event, _)
        and rp(event, "principal") == "*"
        and not any(present(rp(event, each_)) for each_ in limits)
        and rp(event, "functionUrlAuthType") != "AWS_IAM"
    )


def _cluster_admin(event: Event, _: Context) -> bool:
    policy = name_in(event, "policyArn") or ""
    ends = ("/AmazonEKSClusterAdminPolicy", "/AmazonEKSAdminPolicy")
    return ok("eks", "AssociateAccessPolicy")(event, _) and policy.endswith(ends)


def _number(value: Any) -> int | None:
    found = text(value) or ""
    return int(found) if re.fullmatch("-?[0-9]+", found) else None


def _opens(permission: Any) -> bool:
    ranges = [
        at_path(permission, "cidrIp"),
        *(at_path(one, "cidrIp") for one in _items(at_path(permission, "ipRanges"))),
        *(at_path(one, "cidrIpv6") for one in _items(at_path(permission, "ipv6Ranges"))),
    ]
    if not any(found.endswith("/0") for found in texts(ranges)):
        return False
    low, high = _number(at_path(permission, "fromPort")), _number(at_path(permission, "toPort"))
    if text(at_path(permission, "ipProtocol")) == "-1":
        return True
    return low is not None and high is not None and any(low <= port <= high for port in PORTS)


def _items(value: Any) -> list[Any]:
    return each(value.get("items")) if isinstance(value, dict) and "items" in value else each(value)


def _ingress(event: Event, _: Context) -> bool:
    permissions = [*_items(rp(event, "ipPermissions")), event.request]
    return ok("ec2", "AuthorizeSecurityGroupIngress")(event, _) and any(map(_opens, permissions))


def _code(event: Event, _: Context) -> bool:
    if not person(event) or client(event) == "iac" or is_true(rp(event, "dryRun")):
        return False
    layers = ok("lambda", "UpdateFunctionConfiguration*")(event, _) and any(
        map(present, each(rp(event, "layers")))
    )
    return ok("lambda", "UpdateFunctionCode*")(event, _) or layers


def _accelerated(event: Event, _: Context) -> bool:
    dry = (event.error_code or "").removeprefix("Client.") == "DryRunOperation"
    kind = instance_type(None, event) or ""
    fits = re.match("(p|g|gr|trn|inf|dl|vt)[0-9]", kind) is not None
    return call(event, "ec2", "RunInstances") and event.outcome != "succeeded" and not dry and fits


def _instance(event: Event, _: Context) -> list[str | None]:
    return [name_in(event, "instanceId")]


ROWS = (
    Kind("ec2_user_data_replaced", "EC2 - Instance stopped, user data replaced, started",
         "sequence", None, None, 60,
         steps=(Step(ok("ec2", "StopInstances"), _named),
                Step(lambda e, c: ok("ec2", "ModifyInstanceAttribute")(e, c)
                     and present(rp(e, "userData")), _instance),
                Step(ok("ec2", "StartInstances"), _named))),
    Kind("ssm_commands_sent_to_many_instances", "SSM - Command sent to many instances",
         "distinct", ok("ssm", "SendCommand"), 5, 10, _commanded),
    Kind("ec2_remote_access_first_used", "EC2 - Way into instances new to the user",
         "first_seen", lambda e, c: _any(e, REMOTE), values=lambda e, c: [f"{e.source}|{e.name}"],
         any_day=True),
    Kind("ec2_serial_console_opened", "EC2 - Serial console opened", "count",
         lambda e, c: _any(e, SERIAL), 1, 60),
    Kind("lambda_function_opened_to_everyone", "Lambda - Function opened to everyone", "count",
         _open_function, 1, 60),
    Kind("eks_cluster_admin_granted", "EKS - Cluster administration granted", "request",
         _cluster_admin),
    Kind("ec2_admin_port_opened_to_world", "EC2 - Remote access opened to the world", "request",
         _ingress),
    Kind("route53_domain_moved_away", "Route 53 - Domain about to be moved away", "request",
         ok("route53domains", "TransferDomainToAnotherAwsAccount DisableDomainTransferLock "
            "RetrieveDomainAuthCode UpdateDomainNameservers")),
    Kind("lambda_code_replaced_by_hand", "Lambda - Code or layers replaced by hand", "count",
         _code, 1, 60),
    Kind("ec2_accelerated_launch_refused",
         "EC2 - Launch of accelerated instances refused", "count", _accelerated, 1, 60),
    Kind("ec2_remote_access_with_long_term_key",
         "EC2 - Way into instances opened with a long-term key", "count",
         lambda e, c: _any(e, LONG_TERM) and ((e.access_key_id or "").startswith("AKIA")
                                             or e.entity_type == "root"), 1, 60),
)  # fmt: skip
