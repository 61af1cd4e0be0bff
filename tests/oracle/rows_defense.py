"""Rows 49-63, 83, 92 and 93: defences, discovery, services."""

from __future__ import annotations

from oracle.context import Context, client, from_console, is_false, is_true
from oracle.events import Event, text
from oracle.kinds import Kind, Step, Test
from oracle.words import any_outcome, call, each, name_in, ok, person, present, rp, texts

MEMBERS = "DisassociateFromAdministratorAccount DisableOrganizationAdminAccount"
GUARD_DUTY = (
    "DeleteDetector DisassociateFromMasterAccount DisassociateMembers DeleteMembers "
    f"StopMonitoringMembers DeletePublishingDestination {MEMBERS}"
)
SERVICES = {
    "securityhub": "DisableSecurityHub BatchDisableStandards DeleteMembers DisassociateMembers "
    + MEMBERS,
    "config": "StopConfigurationRecorder DeleteConfigurationRecorder DeleteDeliveryChannel",
    "macie2": "DisableMacie DisassociateFromAdministratorAccount",
    "access-analyzer": "DeleteAnalyzer",
    "detective": "DeleteGraph",
    "inspector2": "Disable",
    "securitylake": "DeleteDataLake",
    "wafv2": "DeleteWebACL DisassociateWebACL",
    "waf": "DeleteWebACL",
    "waf-regional": "DeleteWebACL",
    "shield": "DeleteProtection",
}
LOGGING = {
    "route53resolver": "DeleteResolverQueryLogConfig DisassociateResolverQueryLogConfig",
    "route53": "DeleteQueryLoggingConfig",
    "bedrock": "DeleteModelInvocationLoggingConfiguration",
    "wafv2": "DeleteLoggingConfiguration",
    "rds": "StopActivityStream",
    "redshift": "DisableLogging",
}
COMPUTE = {
    "ec2": "RunInstances RequestSpotInstances RequestSpotFleet CreateFleet",
    "ecs": "CreateCluster RunTask CreateService",
    "batch": "SubmitJob CreateComputeEnvironment",
    "sagemaker": "CreateNotebookInstance CreateTrainingJob CreateProcessingJob CreateEndpoint",
    "lightsail": "CreateInstances",
    "elasticmapreduce": "RunJobFlow",
    "apprunner": "CreateService",
    "glue": "CreateDevEndpoint CreateSession",
    "codebuild": "CreateProject",
    "autoscaling": "CreateAutoScalingGroup",
    "gamelift": "CreateFleet",
}
INVOKE = "InvokeModel InvokeModelWithResponseStream Converse ConverseStream"
OPEN_MODEL = "PutUseCaseForModelAccess CreateFoundationModelAgreement PutFoundationModelEntitlement"
SES = (
    "GetSendQuota GetSendStatistics GetAccount GetAccountSendingEnabled ListIdentities "
    "ListEmailIdentities GetIdentityVerificationAttributes UpdateAccountSendingEnabled "
    "PutAccountSendingAttributes PutAccountDetails CreateEmailIdentity VerifyEmailIdentity "
    "VerifyDomainIdentity DeleteIdentity"
)
TOOLS = [
    "pacu",
    "kali",
    "parrot",
    "pentoo",
    "trufflehog",
    "scoutsuite",
    "prowler",
    "cloudfox",
    "stratus-red-team",
    "weirdaal",
    "nimbostratus",
]
QUIET_SOURCES = {"kms.amazonaws.com", "rdsdata.amazonaws.com"}


def _named(event: Event, calls: dict[str, str]) -> bool:
    return any(call(event, service, names) for service, names in calls.items())


def _has(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _blinded(event: Event) -> bool:
    if call(event, "cloudtrail", "UpdateTrail"):
        flags = ["isMultiRegionTrail", "includeGlobalServiceEvents", "enableLogFileValidation"]
        return any(is_false(rp(event, flag)) for flag in flags)
    if not call(event, "cloudtrail", "PutEventSelectors"):
        return False
    basic, advanced = each(rp(event, "eventSelectors")), each(rp(event, "advancedEventSelectors"))
    blind_basic = bool(basic) and not _records_all(basic)
    return blind_basic or (bool(advanced) and not any(map(_records_management, advanced)))


def _records_all(selectors: list[object]) -> bool:
    seen: set[str] = set()
    for one in selectors:
        include = _has(one, "includeManagementEvents")
        excluded = set(texts(each(_has(one, "excludeManagementEventSources"))))
        if (present(include) and not is_true(include)) or excluded - QUIET_SOURCES:
            continue
        seen.add(text(_has(one, "readWriteType")) or "All")
    return "All" in seen or {"ReadOnly", "WriteOnly"} <= seen


def _records_management(selector: object) -> bool:
    fields = each(_has(selector, "fieldSelectors"))
    management = [
        one
        for one in fields
        if _has(one, "field") == "eventCategory" and "Management" in each(_has(one, "equals"))
    ]
    rest = [one for one in fields if one not in management]
    return bool(management) and all(
        _has(one, "field") == "eventSource"
        and set(texts(each(_has(one, "notEquals")))) <= QUIET_SOURCES
        and bool(each(_has(one, "notEquals")))
        for one in rest
    )


def _weakened(event: Event) -> bool:
    if call(event, "guardduty", GUARD_DUTY):
        return True
    if call(event, "guardduty", "UpdateDetector"):
        return is_false(rp(event, "enable"))
    if call(event, "guardduty", "CreateFilter UpdateFilter"):
        return rp(event, "action") == "ARCHIVE"
    names = "CreateIPSet UpdateIPSet CreateTrustedEntitySet UpdateTrustedEntitySet"
    return call(event, "guardduty", names) and is_true(rp(event, "activate"))


def _disabled(event: Event) -> bool:
    paused = call(event, "macie2", "UpdateMacieSession") and rp(event, "status") == "PAUSED"
    return _named(event, SERVICES) or paused


def _unlogged(event: Event) -> bool:
    status = rp(event, "BucketLoggingStatus")
    s3 = call(event, "s3", "PutBucketLogging") and isinstance(status, dict)
    return _named(event, LOGGING) or (s3 and not present(status.get("LoggingEnabled")))


def _dismantled(event: Event, _: Context) -> bool:
    return event.outcome == "succeeded" and (
        _blinded(event)
        or _weakened(event)
        or _disabled(event)
        or _unlogged(event)
        or call(event, "cloudtrail", "StopLogging DeleteTrail DeleteEventDataStore")
        or call(event, "ec2", "DeleteFlowLogs")
    )


def _refused(event: Event, _: Context) -> bool:
    if event.outcome != "denied":
        return False
    no_parameters = not present(event.request)
    with_parameter = (
        call(event, "guardduty", "UpdateDetector CreateFilter UpdateFilter CreateIPSet UpdateIPSet "
             "CreateTrustedEntitySet UpdateTrustedEntitySet")
        or call(event, "macie2", "UpdateMacieSession")
        or call(event, "s3", "PutBucketLogging")
    )  # fmt: skip
    return (
        call(event, "cloudtrail", "StopLogging DeleteTrail UpdateTrail PutEventSelectors "
             "DeleteEventDataStore")
        or call(event, "ec2", "DeleteFlowLogs")
        or call(event, "logs", "DeleteLogGroup")
        or _weakened(event) or _disabled(event) or _unlogged(event)
        or (with_parameter and no_parameters)
    )  # fmt: skip


def _succeeded(test: object) -> Test:
    return lambda event, _: event.outcome == "succeeded" and test(event)  # type: ignore[operator]


def _compute(event: Event, _: Context) -> bool:
    return event.outcome == "succeeded" and _named(event, COMPUTE)


def _looks(event: Event, _: Context) -> bool:
    return event.name.startswith(("Get", "List", "Describe")) and client(event) == "other"


def _joined(*parts: str | None) -> list[str | None]:
    return ["|".join(part or "" for part in parts)]


def _leaves(event: Event, _: Context) -> bool:
    names = "LeaveOrganization RemoveAccountFromOrganization CloseAccount"
    return call(event, "organizations", names) or call(event, "account", "CloseAccount")


def _probed(event: Event, _: Context) -> bool:
    calls = any_outcome("bedrock", f"{INVOKE} GetFoundationModelAvailability")
    return calls(event, _) and event.outcome != "succeeded"


def _writes(event: Event, _: Context) -> bool:
    read_only = event.record.get("readOnly")
    return (
        event.outcome == "succeeded"
        and is_false(read_only)
        and event.record.get("eventType") == "AwsApiCall"
    )


def _denied(event: Event, _: Context) -> bool:
    return event.outcome == "denied"


ROWS = (
    Kind("cloudtrail_trail_blinded", "CloudTrail - Trail blinded", "request", _succeeded(_blinded)),
    Kind("guardduty_weakened", "GuardDuty - Detection weakened", "request", _succeeded(_weakened)),
    Kind("aws_security_service_disabled", "AWS - Security service disabled", "count",
         _succeeded(_disabled), 1, 60),
    Kind("aws_service_logging_removed", "AWS - Logging of a service removed", "count",
         _succeeded(_unlogged), 1, 60),
    Kind("aws_defenses_dismantled", "AWS - Several defences taken down", "distinct", _dismantled,
         3, 60, lambda e, c: _joined(e.source, e.region), by="account"),
    Kind("organizations_account_leaves", "Organizations - Account leaves or is closed", "request",
         _leaves),
    Kind("account_region_enabled_and_used", "Account - Region enabled and used", "sequence", None,
         None, 1440,
         steps=(Step(ok("account", "EnableRegion"), lambda e, c: [
             name_in(e, "RegionName") or name_in(e, "regionName")], anyone=True),
                Step(_compute, lambda e, c: [e.region]))),
    Kind("aws_activity_in_new_region", "AWS - Activity in a region new to the account",
         "first_seen", _writes, values=lambda e, c: [e.region], by="account"),
    Kind("aws_discovery_burst", "AWS - Many different things looked up", "distinct", _looks, 15,
         10, lambda e, c: _joined(e.source, e.name)),
    Kind("aws_many_regions_probed", "AWS - Many regions looked at", "distinct",
         lambda e, c: _looks(e, c) and person(e), 8, 10, lambda e, c: [e.region]),
    Kind("aws_mostly_denied_calls", "AWS - Most calls denied", "ratio", lambda e, c: True, 10, 10,
         percent=50, hit=_denied),
    Kind("ses_abuse_prepared", "SES - Sending abuse prepared", "distinct",
         lambda e, c: call(e, "ses", SES) and not from_console(e), 3, 60, lambda e, c: [e.name]),
    Kind("bedrock_model_access_opened_and_used", "Bedrock - Model access opened and used",
         "sequence", None, None, 1440,
         steps=(Step(ok("bedrock", OPEN_MODEL)), Step(any_outcome("bedrock", INVOKE)))),
    Kind("bedrock_models_probed", "Bedrock - Models probed", "distinct", _probed, 3, 60,
         lambda e, c: [name_in(e, "modelId")]),
    Kind("aws_call_from_offensive_tool", "AWS - Call from an offensive tool", "count",
         lambda e, c: any(tool in (e.user_agent or "").lower() for tool in TOOLS), 1, 60),
    Kind("aws_compute_first_used", "AWS - Compute service new to the account", "first_seen",
         _compute, values=lambda e, c: _joined(e.source, e.name), by="account"),
    Kind("aws_defense_tampering_denied", "AWS - Refused attempt to take a defence down", "count",
         _refused, 1, 60),
    Kind("aws_denied_calls_across_services", "AWS - Calls denied in many services", "distinct",
         _denied, 4, 10, lambda e, c: [e.source]),
)  # fmt: skip
